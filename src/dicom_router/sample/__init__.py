"""Synthetic radiographs from a small physical model, always marked as synthetic."""
