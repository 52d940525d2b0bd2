"""The model as MLflow loads it: this file travels with every version and is run, so that nothing is unpickled.

Beside it travel the package's own code and the model's folder; it needs the light install and MLflow alone.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from dicom_router.labels import CLASSES
from dicom_router.model.inference import Classifier, Result

COLUMNS = ("dicom", "path")


class ServedRouter(PythonModel):
    """Says of each row what ``dicom-router classify`` says of a file."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model's folder; ``model_config={"allow_synthetic_model": True}`` is that flag of ``classify``."""
        allowed = bool((context.model_config or {}).get("allow_synthetic_model", False))
        self.classifier = Classifier.load(Path(context.artifacts["model"]), allow_synthetic=allowed)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return a row for each of ``model_input``, in order.

        A row has the bytes of a DICOM, PNG or JPEG file in the column ``dicom``, or else a file's name in ``path``.
        What cannot be read gets its reason, and no label.
        """
        rows = [_answer(result, self.classifier) for result in self._results(model_input)]
        return pd.DataFrame(rows, index=model_input.index, dtype=object)  # in which what is missing stays null

    def _results(self, model_input: pd.DataFrame) -> Iterator[Result]:
        contents, paths = (_column(model_input, name) for name in COLUMNS)
        for content, path in zip(contents, paths, strict=True):
            yield from (
                self._classify_bytes(content) if content is not None else self.classifier.classify([Path(path or "")])
            )

    def _classify_bytes(self, content: bytes) -> Iterator[Result]:
        with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
            file.write(content)
            file.flush()
            yield from self.classifier.classify([Path(file.name)])


def _column(model_input: pd.DataFrame, name: str) -> list[Any]:
    """Return the values of a column that may be absent; None where there is none."""
    if name not in model_input:
        return [None] * len(model_input)
    return [None if value is None or value is pd.NA or value != value else value for value in model_input[name]]


def _answer(result: Result, classifier: Classifier) -> dict[str, Any]:
    """Return what the columns of the signature hold; flat, since not all clients read what is nested."""
    probabilities, decision = result.probabilities or (None,) * len(CLASSES), result.decision
    return {
        "label": result.label,
        **{f"p_{name}": value for name, value in zip(CLASSES, probabilities, strict=True)},
        "decision": None if decision is None else decision.action,
        "reasons": "" if decision is None else ",".join(decision.reasons),
        "outlier_score": result.outlier_score,
        "guarantee": result.guarantee or None,
        "reason": None if result.reason is None else str(result.reason),
        "detail": result.detail,
        "model": classifier.version,
        "synthetic_model": classifier.synthetic,
    }


set_model(ServedRouter())
