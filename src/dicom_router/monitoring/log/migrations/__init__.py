"""The log's schema, revision by revision; Alembic applies what is missing when a log is opened."""
