"""Prefect's side: flows that walk and wait, and compute nothing."""
