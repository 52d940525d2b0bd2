"""A result as one row of a table, for programs: flat for CSV and Parquet, nested for JSON."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from dicom_router.labels import CLASSES
from dicom_router.model.answers import Result
from dicom_router.walking import as_text

Row = dict[str, Any]


def _probability(place: int) -> Callable[[Result], float | None]:
    return lambda result: None if result.probabilities is None else result.probabilities[place]


# Column, its type (as Arrow calls it), and where it comes from; text is "" and a number null where there is none.
_COLUMNS: Final[Mapping[str, tuple[str, Callable[[Result], Any]]]] = {
    "path": ("string", lambda result: as_text(result.path)),
    "label": ("string", lambda result: result.label or ""),
    **{f"p_{name}": ("float64", _probability(place)) for place, name in enumerate(CLASSES)},
    "decision": ("string", lambda result: "" if result.decision is None else result.decision.action),
    "reasons": ("string", lambda result: "" if result.decision is None else " ".join(result.decision.reasons)),
    "outlier_score": ("float64", lambda result: result.outlier_score),
    "BodyPartExamined": ("string", lambda result: "" if result.claim is None else result.claim.BodyPartExamined),
    "age_years": ("float64", lambda result: None if result.claim is None else result.claim.age_years),
    "header_allows": ("string", lambda result: "" if result.claim is None else " ".join(result.claim.allows)),
    "header_disagrees": ("bool", lambda result: result.disagrees),
    "reason": ("string", lambda result: "" if result.reason is None else str(result.reason)),
    "detail": ("string", lambda result: result.detail),
    "guarantee": ("string", lambda result: result.guarantee),
    "model": ("string", lambda result: result.model),
    "synthetic_model": ("bool", lambda result: result.synthetic_model),
    "seconds": ("float64", lambda result: result.seconds),
}
COLUMNS: Final[Mapping[str, str]] = {name: kind for name, (kind, _) in _COLUMNS.items()}


def flat(result: Result) -> Row:
    """Return a value for each of ``COLUMNS``."""
    return {name: of(result) for name, (_, of) in _COLUMNS.items()}


def nested(result: Result) -> Row:
    """Return the same for JSON: probabilities by class, what the header says by itself, lists as lists."""
    decision, claim, probabilities = result.decision, result.claim, result.probabilities
    return {
        "path": as_text(result.path),
        "label": result.label,
        "probabilities": None if probabilities is None else dict(zip(CLASSES, probabilities, strict=True)),
        "decision": None if decision is None else decision.action,
        "reasons": [] if decision is None else list(decision.reasons),
        "outlier_score": result.outlier_score,
        "header": None
        if claim is None
        else {
            "BodyPartExamined": claim.BodyPartExamined,
            "age_years": claim.age_years,
            "allows": list(claim.allows),
            "disagrees": result.disagrees,
        },
        "reason": result.reason,
        "detail": result.detail,
        "guarantee": result.guarantee or None,
        "model": result.model,
        "synthetic_model": result.synthetic_model,
        "seconds": result.seconds,
    }
