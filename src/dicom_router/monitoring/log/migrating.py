"""The log's schema brought up to date, and one that a newer release wrote refused."""

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from dicom_router.errors import LogError

SCRIPTS: Final = "dicom_router.monitoring.log:migrations"
# PostgreSQL's advisory lock of those who migrate this log; any number that nobody else takes.
TURN: Final = text("SELECT pg_advisory_xact_lock(4202611)")


def migrate(connection: Connection) -> None:
    """Apply the revisions that are missing, within the transaction of ``connection``; one process at a time.

    Raises:
        LogError: the schema is of a newer release than this one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(TURN)  # SQLite's own lock is held already
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in scripts.walk_revisions()]
    if present is not None and present not in known:
        raise LogError(
            f"the prediction log has schema {present}, of a newer release than this one, which knows {known[0]} and"
            " older: update this program, or point it at another log"
        )
    if present != known[0]:
        command.upgrade(config, "head")
