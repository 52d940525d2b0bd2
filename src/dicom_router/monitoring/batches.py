"""A batch of films as rows of the log: the champion's, and the challenger's beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dicom_router.monitoring.outcomes import Pair
from dicom_router.monitoring.thumbnails import is_worth_a_look

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """Rows that are written together."""

    rows: Sequence[Row]  # of the champion
    shadows: Sequence[Row]  # of the challenger, for some of the same films

    @classmethod
    def of(cls, films: Iterable[Pair], champion: str, challenger: str | None, now: datetime) -> "Batch":
        """Take what became of films, with the version that said so and the time."""
        there = [(film, scored) for film, scored in films if scored is not None and scored.row]
        times = [{"scored": now, "received": film.received} for film, _ in there]
        both = list(zip(there, times, strict=True))
        rows = [{**scored.row, **each, "model": champion} for (_, scored), each in both]
        shadows = [{**scored.shadow, **each, "model": challenger} for (_, scored), each in both if scored.shadow]
        return cls(rows, shadows)

    @property
    def images(self) -> list[str]:
        """Return the names of its films."""
        return [row["image"] for row in self.rows]

    def with_pictures(self, before: Mapping[str, str]) -> "Batch":
        """Return it with the small pictures that a report may show, and no others.

        Those are of films worth a look, and of those that the challenger, or the champion ``before`` (labels by image),
        took for something else.
        """
        beside = {row["image"]: row["label"] for row in self.shadows}
        rows = [
            _pictured(row, any(said.get(row["image"], row["label"]) != row["label"] for said in (beside, before)))
            for row in self.rows
        ]
        return Batch(rows, [_pictured(row, False) for row in self.shadows])


def _pictured(row: Row, is_disputed: bool) -> Row:
    return row if is_disputed or is_worth_a_look(row) else {**row, "png": None}
