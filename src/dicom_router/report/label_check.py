"""The contact sheet of labels that may be wrong: one page, looked through and corrected without a network."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router import __version__
from dicom_router.claims import age_in_words
from dicom_router.model.cache import PixelCache
from dicom_router.report.page import environment
from dicom_router.storage import write_atomically


@dataclass(frozen=True)
class Film:
    """A film whose label may be wrong, with what its header says."""

    rank: int
    path: str
    suggested: str
    self_confidence: float
    suggested_confidence: float
    likely_error: bool  # or only among the least credible
    facts: tuple[str, ...]
    pixels: NDArray[np.uint8]  # (S, S)


@dataclass(frozen=True)
class Pile:
    """The films of one label that one other class is suggested for, the least credible label first."""

    label: str
    suggested: str
    films: tuple[Film, ...]


@dataclass(frozen=True)
class Checked:
    """What the page says about the check."""

    table: pd.DataFrame  # every film judged, as ``rank_labels`` returns it
    parts: int
    synthetic: bool

    @property
    def likely(self) -> int:
        """Return the number of labels that are likely wrong."""
        return int(self.table["likely_error"].sum())


def write_label_check(out: Path, shown: pd.DataFrame, cache: PixelCache, checked: Checked) -> None:
    """Write a page of the films ``shown``, the first rows of the table; equal films give equal bytes."""
    page = environment().get_template("label_check.html.jinja")
    content = {"piles": piles(shown, cache), "shown": len(shown), "checked": checked, "version": __version__}
    write_atomically(out, page.render(content).encode("utf-8"))


def piles(shown: pd.DataFrame, cache: PixelCache) -> tuple[Pile, ...]:
    """Return ``shown`` by given and suggested class, the largest pile first."""
    rows = pd.Index(cache.index["path"]).get_indexer(pd.Index(shown["path"]))
    films: defaultdict[tuple[str, str], list[Film]] = defaultdict(list)
    for record, row in zip(shown.to_dict("records"), rows, strict=True):
        facts = cache.index.iloc[row].to_dict()
        films[record["label"], record["suggested"]].append(_film(record, facts, cache.pixels[row]))
    found = [Pile(label, suggested, tuple(members)) for (label, suggested), members in films.items()]
    return tuple(sorted(found, key=lambda pile: (-len(pile.films), pile.films[0].rank)))


def _film(record: Mapping[Any, Any], facts: Mapping[Any, Any], pixels: NDArray[np.uint8]) -> Film:
    return Film(
        rank=int(record["rank"]),
        path=str(record["path"]),
        suggested=str(record["suggested"]),
        self_confidence=float(record["self_confidence"]),
        suggested_confidence=float(record["suggested_confidence"]),
        likely_error=bool(record["likely_error"]),
        facts=header_facts(facts),
        pixels=np.asarray(pixels),
    )


def header_facts(facts: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return BodyPartExamined, age and projection as far as they are known, from a row of the cache's index."""
    body_part = _first(facts, "BodyPartExamined") or "no body part"
    return tuple(text for text in (body_part, _age(facts), _first(facts, "view", "ViewPosition")) if text)


def _age(facts: Mapping[Any, Any]) -> str:
    """Return the age in the table, or else in the header, in words."""
    known = [facts[name] for name in ("age_years", "header_age_years") if pd.notna(facts.get(name))]
    if not known:
        return "age unknown"
    return age_in_words(known[0])


def _first(facts: Mapping[Any, Any], *names: str) -> str:
    """Return the first of the facts ``names`` that is known, or nothing."""
    values = [str(facts[name]) for name in names if pd.notna(facts.get(name)) and facts[name]]
    return values[0] if values else ""
