"""What a dataset must be before a network may learn from it: the table of expectations, and how it is checked."""
