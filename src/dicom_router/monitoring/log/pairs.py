"""The log as who compares two models sees it: films that both answered."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import and_, func, select

from dicom_router.monitoring.log.nights import received_in
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import PREDICTIONS, THUMBNAILS
from dicom_router.monitoring.periods import Period

AT_ONCE: Final = 4096
ASKED: Final = 500  # images that are asked for at once
COMMON: Final = ("image", "site", "study", "patient", "received", "BodyPartExamined", "age_years")


def pairs(log: PredictionLog, first: str, second: str, period: Period, site: str | None = None) -> Iterator[Row]:
    """Yield the films of ``period`` that both models answered: facts, ``first`` and ``second`` label, and decisions.

    A film was received when the row of the first model says so.
    """
    one, two = PREDICTIONS.alias(), PREDICTIONS.alias()
    answers = [
        column
        for table, name in ((one, "first"), (two, "second"))
        for column in (table.c.label.label(name), table.c.decision.label(f"{name}_decision"))
    ]
    wanted = (
        select(*(one.c[name] for name in COMMON), *answers)
        .join_from(one, two, (one.c.image == two.c.image) & (two.c.model == second))
        .where(one.c.model == first, one.c.label != "", two.c.label != "")
    )
    wanted = received_in(wanted, period, one)
    if site is not None:
        wanted = wanted.where(one.c.site == site)
    return log.rows(wanted.order_by(one.c.received, one.c.image), AT_ONCE)


def moves(log: PredictionLog, before: str, after: str, period: Period) -> dict[tuple[str, str], int]:
    """Count the films of ``period`` that both models answered, by the two labels."""
    old, new = PREDICTIONS.alias(), PREDICTIONS.alias()
    wanted = (
        select(old.c.label.label("old"), new.c.label.label("new"), func.count().label("n"))
        .join_from(new, old, (old.c.image == new.c.image) & (old.c.model == before))
        .where(new.c.model == after, old.c.label != "", new.c.label != "")
        .group_by(old.c.label, new.c.label)
    )
    return {(row["old"], row["new"]): row["n"] for row in log.rows(received_in(wanted, period, new), AT_ONCE)}


def alone(log: PredictionLog, model: str, other: str, period: Period) -> int:
    """Count the films of ``period`` that ``model`` answered and ``other`` did not."""
    one, two = PREDICTIONS.alias(), PREDICTIONS.alias()
    answered = and_(one.c.image == two.c.image, two.c.model == other, two.c.label != "")
    wanted = select(func.count().label("n")).select_from(one.outerjoin(two, answered))
    chosen = wanted.where(one.c.model == model, one.c.label != "", two.c.image.is_(None))
    (row,) = log.rows(received_in(chosen, period, one), AT_ONCE)
    return int(row["n"])


def first_answer(log: PredictionLog, model: str) -> datetime | None:
    """Return when ``model`` answered its first film."""
    (row,) = log.rows(select(func.min(PREDICTIONS.c.scored).label("at")).where(PREDICTIONS.c.model == model), 1)
    at: datetime | None = row["at"]
    return at


def pictures(log: PredictionLog, images: Sequence[str], models: Sequence[str]) -> dict[str, bytes]:
    """Return the small pictures that there are of ``images``, as one of ``models`` saw them."""
    found: dict[str, bytes] = {}
    rest = iter(images)
    while some := list(islice(rest, ASKED)):
        wanted = select(THUMBNAILS.c.image, THUMBNAILS.c.png).where(THUMBNAILS.c.image.in_(some))
        rows = log.rows(wanted.where(THUMBNAILS.c.model.in_(models)), AT_ONCE)
        found |= {row["image"]: row["png"] for row in rows}
    return found
