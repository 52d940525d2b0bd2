"""The page of an audit: tags against pixels, for a person who decides which of the two is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_router import __version__
from dicom_router.evaluation.auditing import SILENT, Agreement, Audit, Contradiction, agreements, overall
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Facts
from dicom_router.model.rows import text_of
from dicom_router.reasons import Reason
from dicom_router.report.page import environment
from dicom_router.report.wording import NAMES
from dicom_router.storage import write_atomically

NOTHING_SAID: Final = "Nothing that rules a group out"


@dataclass(frozen=True)
class Shown:
    """A contradiction with what the network saw of the film, None where it could not be read again."""

    contradiction: Contradiction
    pixels: NDArray[np.uint8] | None  # (S, S)

    @property
    def path(self) -> str:
        """Return where the film lies."""
        return text_of(self.contradiction.result)

    @property
    def said(self) -> str:
        """Return what the header says: ``HAND, 45 years``."""
        claim = self.contradiction.result.claim
        assert claim is not None
        age = "" if claim.age_years is None else f"{claim.age_years:.3g} years"
        return ", ".join(filter(None, (claim.BodyPartExamined, age)))


def write_audit(out: Path, audit: Audit, shown: Sequence[Shown], facts: Facts, red: str | None = None) -> None:
    """Write the page; equal audits give equal bytes. ``red`` is what it must say in red of the model."""
    page = environment().get_template("audit.html.jinja")
    write_atomically(out, page.render(_content(audit, shown, facts), red=red).encode("utf-8"))


def _content(audit: Audit, shown: Sequence[Shown], facts: Facts) -> dict[str, Any]:
    everything, routed = agreements(audit.pairs), agreements(audit.routed_pairs)
    return {
        "audit": audit,
        "shown": shown,
        "tables": (("All films", _rows(everything)), ("Films that the model would route", _rows(routed))),
        "agreement": asdict(overall(everything)),
        "routed_agreement": asdict(overall(routed)),
        "telling": sum(row.films for row in everything if row.claim != SILENT),
        "meanings": {reason.value: reason.meaning for reason in Reason},
        "warnings": facts.warnings,
        "version": __version__,
    }


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
