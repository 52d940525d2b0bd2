"""Which model answered a run's films beside the champion."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("challenger", sa.String(16), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("challenger_number", sa.String(16), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("challenger_failed", sa.Text, nullable=False, server_default=""))
