"""Incidents, and what people are told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "incidents",
        sa.Column("incident", sa.Integer, primary_key=True),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("opened", sa.Date, nullable=False),
        sa.Column("cleared", sa.Date),
        sa.Column("cause", sa.Text, nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("message", sa.String(64), primary_key=True),
        sa.Column("night", sa.Date, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("message", sa.String(64), primary_key=True),
        sa.Column("receiver", sa.String(32), primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("tried", sa.DateTime(timezone=True)),
        sa.Column("sent", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["message"], ["messages.message"], ondelete="CASCADE"),
    )
