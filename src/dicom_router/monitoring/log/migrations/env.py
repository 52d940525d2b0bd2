"""What Alembic runs: the revisions, on the connection and in the transaction of who opens the log."""

from alembic import context

from dicom_router.monitoring.log.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
