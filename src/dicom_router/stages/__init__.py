"""One thin module per stage of dvc.yaml: read files, call a room, write files."""
