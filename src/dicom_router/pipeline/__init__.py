"""A run of the pipeline: a working copy of a commit, and DVC's graph walked in it stage by stage."""
