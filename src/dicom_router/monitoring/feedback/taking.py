"""Labels that people gave, into the log: each for one film, and whether that film had been drawn for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from dicom_router.errors import DataError
from dicom_router.monitoring.drift.reviewed import Reviewed
from dicom_router.monitoring.feedback.drawing import drawn
from dicom_router.monitoring.log.nights import period_of
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import FEEDBACK, PREDICTIONS, RUNS

AT_ONCE: Final = 500
OF_SEVERAL_FILMS: Final = "accession"  # a column whose names may stand for several films
COLUMNS: Final = ("image", "site", "received", "label", "instance", OF_SEVERAL_FILMS)


@dataclass(frozen=True)
class Taken:
    """What became of the labels of a table."""

    new: int
    changed: int  # another label than before
    same: int
    drawn: int  # of all these, films that had been drawn
    unknown: int  # names of the table that the log does not have
    unclear: int  # accession numbers whose films show several things, as the model says

    @property
    def nothing(self) -> bool:
        """Say whether no film has a label by this table."""
        return not (self.new or self.changed or self.same)

    @property
    def lines(self) -> list[str]:
        """Return it as lines of text."""
        counts = {"new": self.new, "changed": self.changed, "known": self.same, "drawn": self.drawn}
        lines = [f"{count:>8,} {WORDS[name]}" for name, count in counts.items()]
        if self.unknown:
            lines.append(f"{self.unknown:>8,} names that the prediction log does not have; nothing was taken of them")
        if self.unclear:
            lines.append(
                f"{self.unclear:>8,} accession numbers whose films show several things: name those films by"
                " SOPInstanceUID; nothing was taken of them"
            )
        return lines


WORDS: Final = {
    "new": "films got a label",
    "changed": "films got another label than before",
    "known": "films had this label already",
    "drawn": "of these were drawn at random: what the model's performance is estimated from",
}


def take(log: PredictionLog, reviewed: Reviewed, site: str | None, count: int, timezone: str, now: datetime) -> Taken:
    """Keep the labels of ``reviewed`` for the films that they name; ``count`` films are drawn of a site's night.

    Raises:
        DataError: accession numbers of several sites, whose numbers may be the same, and no ``site``.
    """
    films = _films(log, reviewed, site)
    named = _by_name(films, reviewed.column)
    unclear = {name for name, group in named.items() if len({film["label"] for film in group} - {""}) > 1}
    chosen = {film["image"]: film for name, group in named.items() if name not in unclear for film in group}
    rows = _rows(log, reviewed, chosen.values(), count, timezone, now)
    before = _labels(log, list(chosen))
    log.replace(FEEDBACK, rows)
    changed = sum(row["image"] in before and before[row["image"]] != row["label"] for row in rows)
    same = sum(before.get(row["image"]) == row["label"] for row in rows)
    return Taken(
        new=len(rows) - changed - same,
        changed=changed,
        same=same,
        drawn=sum(row["drawn"] for row in rows),
        unknown=len(reviewed.labels.keys() - named.keys()),
        unclear=len(unclear),
    )


def labels_of(log: PredictionLog, site: str) -> dict[str, str]:
    """Return the label of each image of ``site`` that has one."""
    wanted = select(FEEDBACK.c.image, FEEDBACK.c.label).where(FEEDBACK.c.site == site)
    return {row["image"]: row["label"] for row in log.rows(wanted, AT_ONCE)}


def _films(log: PredictionLog, reviewed: Reviewed, site: str | None) -> list[Row]:
    """Return the films that are named, once each, as the newest champion has them that answered them."""
    found: dict[str, Row] = {}
    reign = select(func.max(RUNS.c.run)).where(RUNS.c.model == PREDICTIONS.c.model).scalar_subquery()
    order = (func.coalesce(reign, 0), PREDICTIONS.c.scored)  # a challenger has none
    wanted = select(*(PREDICTIONS.c[name] for name in COLUMNS)).order_by(*order)
    for some in _groups(list(reviewed.labels), AT_ONCE):
        chosen = wanted.where(PREDICTIONS.c[reviewed.column].in_(some))
        rows = log.rows(chosen if site is None else chosen.where(PREDICTIONS.c.site == site), AT_ONCE)
        found |= {row["image"]: row for row in rows}
    sites = sorted({row["site"] for row in found.values()})
    if reviewed.column == OF_SEVERAL_FILMS and len(sites) > 1:
        raise DataError(f"accession numbers of several sites ({', '.join(sites)}) may be the same: name one by --site")
    return list(found.values())


def _by_name(films: Iterable[Row], column: str) -> dict[str, list[Row]]:
    named: dict[str, list[Row]] = {}
    for film in films:
        named.setdefault(film[column], []).append(film)
    return named


def _rows(
    log: PredictionLog, reviewed: Reviewed, films: Iterable[Row], count: int, timezone: str, now: datetime
) -> list[dict[str, Any]]:
    """Return the rows of the log; the draw of each night is made once."""
    draws: dict[tuple[str, date], frozenset[str]] = {}
    rows = []
    for film in films:
        place = film["site"], film["received"].astimezone(ZoneInfo(timezone)).date()
        if place not in draws:
            draws[place] = drawn(log, place[0], period_of(place[1], place[1], timezone), count)
        label = reviewed.labels[film[reviewed.column]]
        is_drawn = film["image"] in draws[place]
        rows.append({"image": film["image"], "site": film["site"], "label": label, "drawn": is_drawn, "given": now})
    return rows


def _labels(log: PredictionLog, images: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for some in _groups(images, AT_ONCE):
        wanted = select(FEEDBACK.c.image, FEEDBACK.c.label).where(FEEDBACK.c.image.in_(some))
        found |= {row["image"]: row["label"] for row in log.rows(wanted, AT_ONCE)}
    return found


def _groups(names: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(names)
    while some := list(islice(rest, size)):
        yield some
