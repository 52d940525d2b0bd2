"""What hospitals deliver, scored every night by the champion, and the log of what was said of it."""
