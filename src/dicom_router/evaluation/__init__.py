"""What a model is worth: metrics with intervals, figures and the report."""
