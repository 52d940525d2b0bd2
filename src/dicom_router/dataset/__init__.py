"""Many files: labels, import, validation, splits and the pixel cache."""
