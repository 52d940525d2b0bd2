"""What a run of the pipeline is in numbers: parameters and figures, flat, under the names that MLflow shows."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from dicom_router.evaluation.reading import read_json
from dicom_router.model.training.history import EpochRecord

COHORTS: Final = ("test", "external")
# Subgroups are left to the report: there are hundreds of them.
FIGURES: Final = (
    "n",
    "patients",
    "macro",
    "accuracy",
    "accuracy_exact",
    "log_loss",
    "brier",
    "ece",
    "before_calibration",
    "classes",
    "difference",
)
ROUTING: Final = ("share_routed", "error_among_routed", "outlier_share")


def parameters(path: Path) -> dict[str, str]:
    """Return every parameter of the file ``path`` as ``train.network``, as it stands there."""
    return dict(leaves(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))))


def figures(project: Path) -> dict[str, float]:
    """Return the figures of ``reports/test.json`` and ``reports/external.json`` with their bounds.

    ``test.macro.f1`` is a value, ``test.macro.f1.low`` and ``.high`` are the ends of its interval; what has none lacks
    them, and what is not defined is not there.

    Raises:
        DataError: a report is missing or damaged.
    """
    found: dict[str, float] = {}
    for cohort in COHORTS:
        document = read_json(project / "reports" / f"{cohort}.json")
        chosen: dict[str, Any] = {name: document[name] for name in FIGURES if name in document}
        chosen["routing"] = {name: document["routing"][name] for name in ROUTING}
        found |= dict(_numbers(chosen, cohort))
    return found


def curves(record: EpochRecord) -> dict[str, float]:
    """Return the points of one epoch."""
    points = {
        "train_loss": record.train_loss,
        "validation_loss": record.validation_loss,
        "validation_macro_f1": record.validation_macro_f1,
        "validation_accuracy": record.validation_accuracy,
        "learning_rate": record.learning_rate,
    }
    return {name: value for name, value in points.items() if value is not None}


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of nested mappings, as ``train.network``."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)


def _numbers(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    """Yield the numbers; a figure's value bears the figure's name."""
    for name, value in values.items():
        place = prefix if name == "value" else f"{prefix}.{name}"
        if isinstance(value, Mapping):
            yield from _numbers(value, place)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield place, float(value)
