"""The prediction log: a row for each image and each version of the model that saw it. SQLite, or PostgreSQL."""
