"""Measurements behind docs/benchmarks.md, as ratios against the plain way in the same run."""
