"""The page of an audit: tags against pixels, for a person who decides which of the two is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_router import __version__
from dicom_router.evaluation.auditing import (
    SILENT,
    TAGS,
    Agreement,
    Audit,
    Contradiction,
    agreements,
    overall,
    telling,
)
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Facts
from dicom_router.reasons import Reason
from dicom_router.report.page import environment
from dicom_router.report.wording import NAMES
from dicom_router.storage import OWNER, write_atomically
from dicom_router.walking import as_text

NOTHING_SAID: Final = "Nothing that rules a group out"


@dataclass(frozen=True)
class Tag:
    """How one attribute agrees with the pixels."""

    keyword: str
    films: str  # of which it is told
    telling: int  # of these, how many it rules a group out for
    agreement: Mapping[str, Any]
    routed_agreement: Mapping[str, Any]
    tables: tuple[tuple[str, list[dict[str, Any]]], ...]  # title and rows


@dataclass(frozen=True)
class Shown:
    """A contradiction with what the network saw of the film, None where it could not be read again."""

    contradiction: Contradiction
    pixels: NDArray[np.uint8] | None  # (S, S)

    @property
    def path(self) -> str:
        """Return where the film lies."""
        return as_text(self.contradiction.result.path)

    @property
    def said(self) -> str:
        """Return what the header says: ``HAND, 45 years``."""
        claim = self.contradiction.result.claim
        assert claim is not None
        return claim.in_words


def write_audit(out: Path, audit: Audit, shown: Sequence[Shown], facts: Facts, red: str | None = None) -> None:
    """Write the page, for its owner alone; equal audits give equal bytes. ``red`` is said in red of the model."""
    page = environment().get_template("audit.html.jinja")
    write_atomically(out, page.render(_content(audit, shown, facts), red=red).encode("utf-8"), mode=OWNER)


def _content(audit: Audit, shown: Sequence[Shown], facts: Facts) -> dict[str, Any]:
    return {
        "audit": audit,
        "shown": shown,
        "tags": [_tag(audit, tag) for tag in TAGS],
        "meanings": {reason.value: reason.meaning for reason in Reason},
        "warnings": facts.warnings,
        "version": __version__,
    }


def _tag(audit: Audit, tag: str) -> Tag:
    keyword, films = TAGS[tag]
    everything, routed = agreements(audit.pairs[tag]), agreements(audit.routed_pairs[tag])
    return Tag(
        keyword,
        films,
        telling(everything),
        asdict(overall(everything)),
        asdict(overall(routed)),
        ((f"{keyword}: all {films}", _rows(everything)), (f"{keyword}: routed {films}", _rows(routed))),
    )


def _rows(rows: Sequence[Agreement]) -> list[dict[str, Any]]:
    """Return the rows of the matrix as the template shows them."""
    return [
        {
            "name": NOTHING_SAID if row.claim == SILENT else " or ".join(NAMES[name] for name in row.claim),
            "films": row.films,
            "share": asdict(row.share),
            "cells": [_cell(row, name) for name in CLASSES],
        }
        for row in rows
    ]


def _cell(row: Agreement, name: str) -> Mapping[str, Any]:
    n = row.labels[name]
    return {"n": n, "share": n / row.films, "kind": "right" if name in row.claim else "wrong"}
