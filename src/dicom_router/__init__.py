"""Say which body part a radiograph shows, before any AI model may read it.

``Classifier``, ``classify_in_cells``, ``find`` and what belongs to them are imported when they are used, so that a
command starts at once; ``__init__.pyi`` says so to type checkers.
"""

import importlib
import os
from typing import Any, Final

__version__ = "0.1.0"

# Before PyTorch is imported: threads that wait for one another sleep. By themselves they keep cores busy, and two
# trainings on one machine then take several times as long as one after the other (`python -m benchmarks beside`).
OPENMP: Final = {"OMP_WAIT_POLICY": "PASSIVE"}
for variable, value in OPENMP.items():
    os.environ.setdefault(variable, value)

HOMES: Final = {
    "Classifier": "dicom_router.model.inference",
    "Loading": "dicom_router.model.in_cells",
    "Result": "dicom_router.model.answers",
    "classify_in_cells": "dicom_router.model.in_cells",
    "find": "dicom_router.finding",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import what is asked for (PEP 562)."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)
