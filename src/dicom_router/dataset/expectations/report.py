"""Say how validation ended: to a person in sentences, to other programs as validation.json."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from dicom_router.dataset.expectations.vocabulary import Severity, Verdict
from dicom_router.dataset.near_duplicates.table import group_of
from dicom_router.dataset.table import COHORTS, Origin
from dicom_router.labels import CLASSES

QUOTED_ROWS: Final = {"critical": 10, "warning": 3, "info": 3}  # in a message, by severity
LISTED_ROWS: Final = 20  # in validation.json


def account(facts: pd.DataFrame) -> str:
    """Say what became of each row: "1,600 images in = 1,597 accepted + 3 quarantined (2 truncated, 1 duplicate)"."""
    reasons = reason_counts(facts)
    lost = sum(reasons.values())
    detail = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
    text = f"{len(facts):,} images in = {len(facts) - lost:,} accepted + {lost:,} quarantined"
    return f"{text} ({detail})" if detail else text


def reason_counts(facts: pd.DataFrame) -> dict[str, int]:
    """Count the quarantined rows by reason, the most frequent first."""
    counts = facts.loc[facts["reason"] != "", "reason"].value_counts()
    return {str(reason): int(count) for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def message(verdict: Verdict) -> str:
    """Explain an expectation that is not met: what, which values, what is accepted, which rows, what to do."""
    expectation = verdict.expectation
    quoted = QUOTED_ROWS[expectation.severity]
    more = len(verdict.unexpected) - quoted
    rows = ", ".join(verdict.unexpected[:quoted]) + (f" and {more:,} more" if more > 0 else "")
    return (
        f"it does not hold that {expectation.title} ({expectation.name})\n"
        f"  found:    {verdict.observed}\n"
        f"  accepted: {expectation.check.accepted}\n"
        f"  rows:     {rows}\n"
        f"  to do:    {expectation.advice}"
    )


def failed(verdicts: Sequence[Verdict], severity: Severity) -> list[Verdict]:
    """Return the verdicts of ``severity`` that are not met."""
    return [verdict for verdict in verdicts if not verdict.success and verdict.expectation.severity == severity]


def report(facts: pd.DataFrame, links: pd.DataFrame, verdicts: Sequence[Verdict], origin: Origin) -> dict[str, Any]:
    """Return the content of validation.json; ``links`` are the near-duplicates."""
    accepted = facts[facts["reason"] == ""]
    return {
        "synthetic": origin.synthetic,
        "images": len(facts),
        "accepted": len(accepted),
        "quarantined": len(facts) - len(accepted),
        "reasons": reason_counts(facts),
        "classes": {label: _by_cohort(accepted[accepted["label"] == label]) for label in CLASSES},
        "sites": {site: _by_cohort(accepted[accepted["site"] == site]) for site in sorted(accepted["site"].unique())},
        "near_duplicates": {"groups": int(links["group"].nunique()), "films": len(group_of(links))},
        "expectations": [_entry(verdict) for verdict in verdicts],
    }


def _by_cohort(images: pd.DataFrame) -> dict[str, int]:
    return {cohort: int((images["cohort"] == cohort).sum()) for cohort in COHORTS}


def _entry(verdict: Verdict) -> dict[str, Any]:
    expectation = verdict.expectation
    return {
        "name": expectation.name,
        "title": expectation.title,
        "severity": expectation.severity,
        "success": verdict.success,
        "observed": verdict.observed,
        "detail": f"accepted: {expectation.check.accepted}. {expectation.advice[:1].upper()}{expectation.advice[1:]}.",
        "unexpected_count": len(verdict.unexpected),
        "unexpected": list(verdict.unexpected[:LISTED_ROWS]),
    }
