"""Hospital exports into ``data/``: labels, pseudonyms, and files stripped of all that identifies."""
