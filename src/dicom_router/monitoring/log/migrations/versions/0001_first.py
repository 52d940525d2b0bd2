"""The first schema."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXTS = {"study": 20, "patient": 20, "instance": 64, "site": 32}
HEADER = {"file_format": 8, "TransferSyntaxUID": 64, "SOPClassUID": 64, "Modality": 16, "Manufacturer": 64}
HEADER |= {"BodyPartExamined": 64, "view": 64, "sex": 1}
PROBABILITIES = ("p_abdomen", "p_adult_chest", "p_pediatric_chest", "p_spine", "p_other")
QUALITY = ("exposure", "noise", "saturation", "resolution", "sharpness")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "predictions",
        sa.Column("image", sa.String(20), primary_key=True),
        sa.Column("model", sa.String(16), primary_key=True),
        *_texts(TEXTS),
        _time("received"),
        _time("scored"),
        *_texts(HEADER),
        sa.Column("age_years", sa.Double),
        *_texts({"PhotometricInterpretation": 16}),
        *(sa.Column(name, sa.Integer) for name in ("Rows", "Columns", "BitsStored")),
        sa.Column("synthetic", sa.Boolean, nullable=False),
        *_texts({"label": 16}),
        *(sa.Column(name, sa.Double) for name in PROBABILITIES),
        *_texts({"decision": 8, "reasons": 32}),
        sa.Column("outlier_score", sa.Double),
        sa.Column("header_disagrees", sa.Boolean),
        *(sa.Column(name, sa.Double) for name in QUALITY),
        *_texts({"reason": 32}),
    )
    op.create_index("predictions_by_time", "predictions", ["received", "image", "model"])
    op.create_index("predictions_by_site", "predictions", ["site", "received"])
    op.create_index("predictions_by_model", "predictions", ["model", "received"])
    op.create_index("predictions_by_instance", "predictions", ["instance"])
    op.create_table(
        "embeddings",
        sa.Column("image", sa.String(20), primary_key=True),
        sa.Column("model", sa.String(16), primary_key=True),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["image", "model"], ["predictions.image", "predictions.model"], ondelete="CASCADE"),
    )
    op.create_table(
        "files",
        sa.Column("file", sa.String(20), primary_key=True),
        *_texts({"site": 32, "state": 20}),
        _time("received"),
        sa.Column("entries", sa.Integer, nullable=False),
        *_texts({"model": 16}),
    )
    counts = ("seen", "scored", "quarantined", "waiting", "known")
    op.create_table(
        "runs",
        sa.Column("run", sa.Integer, primary_key=True),
        _time("started"),
        _time("ended"),
        *_texts({"model": 16}),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
    )
    op.create_table("origin", sa.Column("key_fingerprint", sa.String(16), primary_key=True))


def _texts(lengths: dict[str, int]) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(length), nullable=False) for name, length in lengths.items()]


def _time(name: str) -> "sa.Column[datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
