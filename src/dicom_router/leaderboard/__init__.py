"""Networks times recipes times seeds on one split: trained, judged and ranked by the pipeline's own functions."""
