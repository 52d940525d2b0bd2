"""The files of an evaluation, the same for ``test`` and ``external``."""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.curves import pr_table, reliability_table, roc_table
from dicom_router.evaluation.document import summary_metrics
from dicom_router.evaluation.predictions import Predictions, Scored
from dicom_router.evaluation.routing import risk_table
from dicom_router.figures import in_words
from dicom_router.storage import write_atomically, write_json


def write_evaluation(reports: Path, name: str, scored: Scored, document: dict[str, Any]) -> None:
    """Write ``NAME.json``, ``NAME_metrics.json``, ``NAME_predictions.parquet``, and DVC's plots in ``NAME/``."""
    predictions = Predictions.from_table(scored.table)
    tables = {
        "confusion": confusion_table(scored.table),
        "reliability": reliability_table(scored.uncalibrated, predictions),
        "roc": roc_table(predictions),
        "pr": pr_table(predictions),
    }
    for kind, table in tables.items():
        write_atomically(reports / name / f"{kind}.csv", csv_bytes(table))
    buffer = io.BytesIO()
    scored.table.to_parquet(buffer, index=False)
    write_atomically(reports / f"{name}_predictions.parquet", buffer.getvalue())
    write_json(reports / f"{name}_metrics.json", summary_metrics(document))
    write_json(reports / f"{name}.json", document)


def write_routing(reports: Path, name: str, table: pd.DataFrame, settings: Bootstrap) -> None:
    """Write ``NAME/risk.csv``, from a predictions table with decisions."""
    write_atomically(reports / name / "risk.csv", csv_bytes(risk_table(table, settings)))


def confusion_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return the true and the predicted class of each image, as DVC's confusion plot takes them."""
    return table[["label", "predicted"]].set_axis(["actual", "predicted"], axis=1)


def one_line(name: str, document: dict[str, Any]) -> str:
    """Return what a stage prints: the counts and the macro figures."""
    figures = ", ".join(f"{key} {in_words(document['macro'][key])}" for key in ("recall", "precision", "f1"))
    return f"{name}: {document['n']:,} images of {document['patients']:,} patients; macro {figures}"


def routing_line(name: str, routing: dict[str, Any]) -> str:
    """Return what routing came to, as one line of text."""
    patients = routing["patients"]
    return (
        f"{name}: {routing['routed']:,} of {routing['n']:,} images routed, {routing['wrong']:,} wrongly;"
        f" patients with one routed wrongly {patients['wrong']:,} of {patients['routed']:,};"
        f" {routing['guarantee']['statement']}"
    )


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return ``table`` as CSV with 9 significant digits."""
    return table.to_csv(index=False, lineterminator="\n", float_format="%.9g").encode("utf-8")
