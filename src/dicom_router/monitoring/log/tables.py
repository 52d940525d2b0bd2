"""The tables of the log, as the newest revision leaves them.

Nothing here names anybody: images, files, studies, patients and instances are keyed pseudonyms, and header facts are
those that the import would store (docs/monitoring.md lists the columns).
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

from dicom_router.labels import CLASSES

METADATA: Final = MetaData()


class Moment(TypeDecorator[datetime]):
    """A time in UTC, which SQLite keeps without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        return None if value is None else (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _text(name: str, length: int) -> Column[str]:
    return Column(name, String(length), nullable=False)


def _number(name: str) -> Column[float]:
    return Column(name, Double)


PREDICTIONS: Final = Table(
    "predictions",
    METADATA,
    Column("image", String(20), primary_key=True),  # of the file's bytes; of the place where they cannot be read
    Column("model", String(16), primary_key=True),  # the hash of all that decides an answer
    _text("study", 20),
    _text("patient", 20),
    _text("instance", 64),  # SOPInstanceUID
    Column("accession", String(20), nullable=False, default=""),  # AccessionNumber; "" in rows of before it was kept
    _text("site", 32),
    Column("received", Moment(), nullable=False),  # when a run first read the file
    Column("scored", Moment(), nullable=False),
    _text("file_format", 8),
    _text("TransferSyntaxUID", 64),
    _text("SOPClassUID", 64),
    _text("Modality", 16),
    _text("Manufacturer", 64),
    _text("BodyPartExamined", 64),
    _text("view", 64),
    _text("sex", 1),
    _number("age_years"),
    _text("PhotometricInterpretation", 16),
    Column("Rows", Integer),
    Column("Columns", Integer),
    Column("BitsStored", Integer),
    Column("synthetic", Boolean, nullable=False),
    _text("label", 16),  # "" where there is no answer
    *(_number(f"p_{name}") for name in CLASSES),
    _text("decision", 8),  # route or review
    _text("reasons", 32),  # of a review
    _number("outlier_score"),
    Column("header_disagrees", Boolean),
    *(_number(name) for name in ("exposure", "noise", "saturation", "resolution", "sharpness")),
    _text("reason", 32),  # why there is no answer
    Index("predictions_by_time", "received", "image", "model"),
    Index("predictions_by_site", "site", "received"),
    Index("predictions_by_model", "model", "received"),
    Index("predictions_by_instance", "instance"),
    Index("predictions_by_accession", "accession"),
)

# Apart from the rows that every question reads: at 1,280 features they are ten times as large.
EMBEDDINGS: Final = Table(
    "embeddings",
    METADATA,
    Column("image", String(20), primary_key=True),
    Column("model", String(16), primary_key=True),
    Column("features", LargeBinary, nullable=False),  # float16, little-endian
    ForeignKeyConstraint(["image", "model"], ["predictions.image", "predictions.model"], ondelete="CASCADE"),
)

FILES: Final = Table(
    "files",
    METADATA,
    Column("file", String(20), primary_key=True),  # of its place in the inbox
    _text("site", 32),
    _text("state", 20),  # of its length and times: another one means that it must be read again
    Column("received", Moment(), nullable=False),
    Column("entries", Integer, nullable=False),  # films in it: 1, or those of an archive
    _text("model", 16),  # the last that went through all of it
)

RUNS: Final = Table(
    "runs",
    METADATA,
    Column("run", Integer, primary_key=True),
    Column("started", Moment(), nullable=False),
    Column("ended", Moment(), nullable=False),
    _text("model", 16),  # the champion
    *(Column(name, Integer, nullable=False) for name in ("seen", "scored", "quarantined", "waiting", "known")),
    Column("challenger", String(16), nullable=False, default=""),  # the model that answered beside it, if any did
    Column("challenger_number", String(16), nullable=False, default=""),  # of its version in the registry
    Column("challenger_failed", Text, nullable=False, default=""),  # what must be said of it, in words
)

ORIGIN: Final = Table(
    "origin",
    METADATA,
    Column("key_fingerprint", String(16), primary_key=True),  # of the key of all pseudonyms here
)

# Small enough to tell nobody apart: of films that the report may have to show.
THUMBNAILS: Final = Table(
    "thumbnails",
    METADATA,
    Column("image", String(20), primary_key=True),
    Column("model", String(16), primary_key=True),
    Column("png", LargeBinary, nullable=False),
    ForeignKeyConstraint(["image", "model"], ["predictions.image", "predictions.model"], ondelete="CASCADE"),
)

COMMISSIONS: Final = Table(
    "commissions",
    METADATA,
    Column("commission", Integer, primary_key=True),
    _text("site", 32),
    Column("since", Date, nullable=False),  # the first and the last night of the reference
    Column("until", Date, nullable=False),
    _text("model", 16),
    *(Column(name, Integer, nullable=False) for name in ("nights", "studies", "reviewed", "agreed")),
    Column("agreement", Text, nullable=False),  # JSON: of each class, reviewed and agreed
    Column("signed", Moment(), nullable=False),
    _text("by", 200),
    Column("because", Text, nullable=False),
)

# What each signal said of each site and night: that a change lasts is told from these.
FINDINGS: Final = Table(
    "findings",
    METADATA,
    Column("night", Date, primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("part", String(64), primary_key=True),  # "" for all of the site, or a manufacturer
    Column("signal", String(32), primary_key=True),
    Column("span", Integer, primary_key=True),  # nights that were put together
    Column("reference", Integer, nullable=False),  # the commission, 0 for the model's test films
    _text("model", 16),
    Column("n", Integer, nullable=False),  # studies compared; 0 where there were too few
    Column("reference_n", Integer, nullable=False),
    *(_number(name) for name in ("value", "usual", "low", "high", "p", "adjusted", "effect")),
    Column("flagged", Boolean, nullable=False),
    _text("state", 8),
    Column("words", Text, nullable=False),
)

NIGHTS: Final = Table(
    "nights",
    METADATA,
    Column("night", Date, primary_key=True),
    _text("state", 8),
    _text("model", 16),
    Column("verdict", Text, nullable=False),
    Column("sites", Text, nullable=False),  # JSON: the state of each
)

INCIDENTS: Final = Table(
    "incidents",
    METADATA,
    Column("incident", Integer, primary_key=True),
    _text("site", 32),
    Column("opened", Date, nullable=False),
    Column("cleared", Date),
    Column("cause", Text, nullable=False),
)

# What people are told: kept until every receiver has it.
MESSAGES: Final = Table(
    "messages",
    METADATA,
    Column("message", String(64), primary_key=True),  # what it is about: the same is said once
    Column("night", Date, nullable=False),
    _text("kind", 8),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
)

DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    Column("message", String(64), primary_key=True),
    Column("receiver", String(32), primary_key=True),  # kind and hash of an address, which may hold a password
    Column("attempts", Integer, nullable=False),
    Column("tried", Moment()),
    Column("sent", Moment()),
    ForeignKeyConstraint(["message"], ["messages.message"], ondelete="CASCADE"),
)

# What people say that films show; the newest label of each.
FEEDBACK: Final = Table(
    "feedback",
    METADATA,
    Column("image", String(20), primary_key=True),
    _text("site", 32),
    _text("label", 16),
    Column("drawn", Boolean, nullable=False),  # at random, for a person to look at
    Column("given", Moment(), nullable=False),  # when the label came
    Index("feedback_by_site", "site"),
)
