"""The folder that inference loads, and its model card."""
