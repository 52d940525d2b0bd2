"""The model as MLflow loads it: this file travels with every version and is run, so that nothing is unpickled.

Beside it travel the package's own code and the model's folder; it needs the light install and MLflow alone.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from dicom_router.model.inference import Classifier
from dicom_router.model.rows import flat


class ServedRouter(PythonModel):
    """Says of each row what ``dicom-router classify`` says of a file."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model's folder; ``model_config={"allow_synthetic_model": True}`` is that flag of ``classify``."""
        allowed = bool((context.model_config or {}).get("allow_synthetic_model", False))
        self.classifier = Classifier.load(Path(context.artifacts["model"]), allow_synthetic=allowed)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return a row for each of ``model_input``, in order, with the columns of ``classify --format csv``.

        A row has the bytes of a DICOM, PNG or JPEG file in the column ``dicom``, or else a file's name in ``path``.
        What cannot be read gets its reason, and no label.
        """
        sources = map(_source, _column(model_input, "dicom"), _column(model_input, "path"))
        rows = [flat(result) for result in self.classifier.classify(sources)]
        return pd.DataFrame(rows, index=model_input.index, dtype=object)  # in which a missing number stays null


def _column(model_input: pd.DataFrame, name: str) -> list[Any]:
    """Return the values of a column that may be absent; None where there is none."""
    if name not in model_input:
        return [None] * len(model_input)
    values = model_input[name]
    return [None if missing else value for value, missing in zip(values, values.isna(), strict=True)]


def _source(content: bytes | None, path: str | None) -> bytes | Path:
    """Return what to classify; nothing at all is a file without a byte."""
    return Path(path) if content is None and path else content or b""


set_model(ServedRouter())
