"""What was trained, which version may be promoted, and which one scores; the only room that imports mlflow."""
