"""From the pixel cache to the reports, through a tiny network of a known answer."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluation.made_up import write_artifacts
from numpy.testing import assert_allclose

from dicom_router.errors import DataError
from dicom_router.evaluation.scoring import score_split
from dicom_router.labels import CLASSES
from dicom_router.stages import evaluate, external


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the artifacts of earlier stages and small parameters, and work in it."""
    write_artifacts(tmp_path / "artifacts", test=120, external=60)
    source = Path(__file__).parents[2] / "params.yaml"
    text = source.read_text(encoding="utf-8").replace("resamples: 10000", "resamples: 200")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_probabilities_are_those_of_the_network_divided_by_the_temperature(project: Path) -> None:
    scored = score_split(Path("artifacts"), "test", threads=1)
    logits = 20 * np.eye(5)[pd.Index(CLASSES).get_indexer(scored.table["predicted"])] * 200 / 255
    expected = np.exp(logits / 2.5) / np.exp(logits / 2.5).sum(axis=1, keepdims=True)
    assert_allclose(scored.table[[f"p_{name}" for name in CLASSES]], expected, rtol=1e-5)
    assert (scored.uncalibrated.confidence > scored.table["confidence"]).all()


def test_only_images_of_the_split_are_scored_in_the_order_of_paths(project: Path) -> None:
    table = score_split(Path("artifacts"), "external", threads=1).table
    assert len(table) == 60 and set(table["split"]) == {"external"}
    assert table["path"].is_monotonic_increasing


def test_pixels_and_labels_stay_together(project: Path) -> None:
    # The made-up network reads the class that is painted into an image; one in ten is painted wrong.
    table = score_split(Path("artifacts"), "test", threads=1).table
    assert table["correct"].mean() == pytest.approx(0.9)


def test_both_stages_write_their_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate.main()
    external.main()
    test, other = (json.loads((project / "reports" / f"{name}.json").read_text()) for name in ("test", "external"))
    assert (test["n"], other["n"], test["synthetic"]) == (120, 60, True)
    assert "difference" in other and "difference" not in test
    assert "test: 120 images of 60 patients; macro recall 0." in capsys.readouterr().out


def test_an_empty_external_cohort_is_reported(project: Path) -> None:
    index = pd.read_parquet("artifacts/pixels/index.parquet")
    index["split"] = index["split"].replace("external", "train")
    index.to_parquet("artifacts/pixels/index.parquet")
    evaluate.main()
    external.main()
    document = json.loads((project / "reports/external.json").read_text())
    assert document["n"] == 0 and document["macro"]["f1"]["reason"] == "no image"


def test_external_before_evaluate_says_what_to_run(project: Path) -> None:
    with pytest.raises(DataError, match=r"test_predictions\.parquet is missing; make it with `dvc repro`"):
        external.main()


@pytest.mark.parametrize("content", ["{", "{}", '{"temperature": null}', '{"temperature": 0}', "[]"])
def test_a_damaged_calibration_is_named(project: Path, content: str) -> None:
    (project / "artifacts/calibration/calibration.json").write_text(content)
    with pytest.raises(DataError, match=r"calibration\.json"):
        evaluate.main()
