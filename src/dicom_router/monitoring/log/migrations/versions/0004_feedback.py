"""Accession numbers, and what people say that films show."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("predictions", sa.Column("accession", sa.String(20), nullable=False, server_default=""))
    op.create_index("predictions_by_accession", "predictions", ["accession"])
    op.create_table(
        "feedback",
        sa.Column("image", sa.String(20), primary_key=True),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("drawn", sa.Boolean, nullable=False),
        sa.Column("given", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("feedback_by_site", "feedback", ["site"])
