"""Small pictures, commissioned sites, and what each night was found to be."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COUNTS = ("nights", "studies", "reviewed", "agreed")
FIGURES = ("value", "usual", "low", "high", "p", "adjusted", "effect")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "thumbnails",
        sa.Column("image", sa.String(20), primary_key=True),
        sa.Column("model", sa.String(16), primary_key=True),
        sa.Column("png", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["image", "model"], ["predictions.image", "predictions.model"], ondelete="CASCADE"),
    )
    op.create_table(
        "commissions",
        sa.Column("commission", sa.Integer, primary_key=True),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("model", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
        sa.Column("agreement", sa.Text, nullable=False),
        sa.Column("signed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("because", sa.Text, nullable=False),
    )
    op.create_table(
        "findings",
        sa.Column("night", sa.Date, primary_key=True),
        sa.Column("site", sa.String(32), primary_key=True),
        sa.Column("part", sa.String(64), primary_key=True),
        sa.Column("signal", sa.String(32), primary_key=True),
        sa.Column("span", sa.Integer, primary_key=True),
        sa.Column("reference", sa.Integer, nullable=False),
        sa.Column("model", sa.String(16), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("reference_n", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Double) for name in FIGURES),
        sa.Column("flagged", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_table(
        "nights",
        sa.Column("night", sa.Date, primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("model", sa.String(16), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("sites", sa.Text, nullable=False),
    )
