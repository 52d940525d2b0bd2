"""Say which body part a radiograph shows, before any AI model may read it."""

__version__ = "0.1.0"
