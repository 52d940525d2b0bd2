"""reports/test.json and the files beside it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from evaluation.made_up import made_up_table
from evaluation.made_up_project import sharpened

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.document import evaluation_document, summary_metrics
from dicom_router.evaluation.predictions import Predictions, Scored
from dicom_router.evaluation.writing import one_line, write_evaluation
from dicom_router.labels import CLASSES


def scored(table: pd.DataFrame) -> Scored:
    return Scored(table, Predictions.from_table(table), synthetic=True)


def document_of(table: pd.DataFrame, settings: Bootstrap) -> dict:
    return evaluation_document(scored(table), settings)


def figures(document: object) -> list[dict]:
    """Return every mapping that has a ``value``, wherever it stands."""
    if isinstance(document, dict):
        own = [document] if "value" in document else []
        return own + [each for part in document.values() for each in figures(part)]
    return []


def test_the_document_holds_the_contract(settings: Bootstrap) -> None:
    document = document_of(made_up_table(), settings)
    assert document["n"] == 600 and document["synthetic"] is True
    assert list(document["classes"]) == list(CLASSES)
    assert set(document["macro"]) == {"recall", "precision", "f1"}
    assert set(document["classes"]["spine"]) >= {"n", "patients", "recall", "precision", "f1", "recall_exact"}
    assert sum(map(sum, document["confusion"])) == 600
    assert document["method"]["unit"] == "patient"


def test_every_figure_has_bounds_or_a_reason(settings: Bootstrap) -> None:
    found = figures(document_of(made_up_table(n=80), settings))
    assert len(found) > 100
    for figure in found:
        assert {"value", "low", "high"} <= set(figure)
        assert ("reason" in figure) == (figure["low"] is None)


def test_the_change_by_calibration_is_surer_than_the_difference_of_two_intervals(settings: Bootstrap) -> None:
    table = made_up_table()
    document = evaluation_document(Scored(table, sharpened(table), synthetic=True), settings)
    for name in ("log_loss", "brier", "ece"):
        change, after, before = (
            document["change_by_calibration"][name],
            document[name],
            document["before_calibration"][name],
        )
        assert change["value"] == pytest.approx(after["value"] - before["value"])
        spread = sum(each["high"] - each["low"] for each in (after, before))
        assert change["low"] < change["value"] < change["high"] < change["low"] + spread / 1.2


def test_rows_of_the_confusion_matrix_sum_to_the_classes(settings: Bootstrap) -> None:
    document = document_of(made_up_table(), settings)
    assert [sum(row) for row in document["confusion"]] == [each["n"] for each in document["classes"].values()]


def test_missing_and_small_classes_are_remarked_on(settings: Bootstrap) -> None:
    table = made_up_table()
    table = table[table["label"] != "spine"]
    few = table[table["label"] == "other"]["patient_id"].unique()[3:]
    document = document_of(table[~table["patient_id"].isin(few)].reset_index(drop=True), settings)
    assert [remark.split(",")[0] for remark in document["remarks"]] == [
        "spine: no image; left out of the macro averages",
        "other: 3 patients",
    ]
    assert document["classes"]["spine"]["n"] == 0


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_next_to_nothing_is_reported_and_no_crash(rows: int, settings: Bootstrap, tmp_path: Path) -> None:
    table = made_up_table().head(rows)
    document = document_of(table, settings)
    write_evaluation(tmp_path, "external", scored(table), document)
    assert json.loads((tmp_path / "external.json").read_text())["n"] == rows
    assert len(pd.read_parquet(tmp_path / "external_predictions.parquet")) == rows
    assert one_line("external", document).startswith(f"external: {rows} images")


def test_the_files_for_plots_have_the_agreed_columns(settings: Bootstrap, tmp_path: Path) -> None:
    table = made_up_table()
    write_evaluation(tmp_path, "test", scored(table), document_of(table, settings))
    columns = {path.name: pd.read_csv(path).columns.tolist() for path in (tmp_path / "test").iterdir()}
    assert columns == {
        "confusion.csv": ["actual", "predicted"],
        "reliability.csv": ["calibration", "lower", "upper", "n", "confidence", "accuracy", "low", "high"],
        "roc.csv": ["class", "false_positive_rate", "true_positive_rate"],
        "pr.csv": ["class", "recall", "precision"],
    }


def test_the_same_input_gives_the_same_bytes(settings: Bootstrap, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        table = made_up_table()
        write_evaluation(tmp_path / folder, "test", scored(table), document_of(table, settings))
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) == 7
    for path in files:
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_the_summary_is_flat_numbers(settings: Bootstrap) -> None:
    summary = summary_metrics(document_of(made_up_table(), settings))
    assert list(summary) == ["macro_recall", "macro_precision", "macro_f1", "accuracy", "log_loss", "brier", "ece"]
    assert all(isinstance(value, float) for value in summary.values())
