"""What ``dvc repro`` writes."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dicom.files import BASELINE, JPEG_2000_LOSSLESS, window, write_film
from documents import ON_A_MODEL, commands
from PIL import Image
from small_project import Run

from dicom_router.dicom.reading import read
from dicom_router.evaluation.reading import read_rule
from dicom_router.evaluation.reading_agreement import read_twice, reading_agreement
from dicom_router.labels import CLASSES
from dicom_router.model.network import Network
from dicom_router.model.outliers import FILE, FeatureStatistics

REPORTS = ("reports/test.json", "reports/external.json")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_image_is_accepted_or_quarantined(project: Path) -> None:
    validation = read_json(project / "artifacts/validation.json")
    labels = pd.read_csv(project / "data/labels.csv")
    accepted = pd.read_parquet(project / "artifacts/images.parquet")
    quarantine = pd.read_csv(project / "artifacts/quarantine.csv")
    assert validation["images"] == len(labels) == len(accepted) + len(quarantine)
    assert sorted([*accepted["path"], *quarantine["path"]]) == sorted(labels["path"])


def test_every_accepted_image_is_split_and_preprocessed(project: Path) -> None:
    tables = ("artifacts/images.parquet", "artifacts/splits.parquet", "artifacts/pixels/index.parquet")
    images, splits, index = (pd.read_parquet(project / name)["path"].tolist() for name in tables)
    assert images == splits == index


@pytest.mark.parametrize(("report", "split"), [("test", "test"), ("external", "external")])
def test_predictions_cover_their_split_and_no_other(project: Path, report: str, split: str) -> None:
    splits = pd.read_parquet(project / "artifacts/splits.parquet")
    predictions = pd.read_parquet(project / f"reports/{report}_predictions.parquet")
    assert predictions["path"].tolist() == splits.loc[splits["split"] == split, "path"].tolist()
    assert read_json(project / f"reports/{report}.json")["n"] == len(predictions)


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_holds_every_figure_of_the_contract_with_its_interval(project: Path, report: str) -> None:
    document = read_json(project / report)
    figures = [document[name] for name in ("accuracy", "log_loss", "brier", "ece")]
    figures += [document["macro"][name] for name in ("recall", "precision", "f1")]
    figures += [document["classes"][c][name] for c in CLASSES for name in ("recall", "precision", "f1")]
    assert all({"value", "low", "high"} <= set(figure) for figure in figures)
    assert all(figure["low"] is not None or figure["reason"] for figure in figures)


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_says_what_routing_came_to_and_what_is_guaranteed(project: Path, report: str) -> None:
    routing = read_json(project / report)["routing"]
    assert routing["guarantee"]["statement"].startswith("guarantee not met")  # so few films certify nothing near 0.5%
    assert routing["guarantee"]["sites"] == ["synthetic-a"]
    assert sum(each["n"] for each in routing["classes"].values()) == routing["n"]
    assert {"value", "low", "high"} <= set(routing["error_among_routed"]) & set(routing["share_routed"])


def enlarged(film: Path, times: int, syntax: str, bits: int, out: Path) -> Path:
    """Write ``film`` with ``times`` as many pixels a side, so that it is decoded at a smaller size."""
    shown = Image.fromarray(read(film).pixels)
    pixels = np.asarray(shown.resize((times * shown.width, times * shown.height), Image.Resampling.BICUBIC))
    words = np.rint(np.clip(pixels, 0, 1) * (2**bits - 1)).astype("u1" if bits == 8 else "u2")
    return write_film(out, words, syntax, BitsStored=bits, **window(0, 2**bits - 1))


@pytest.mark.parametrize(("syntax", "bits"), [(JPEG_2000_LOSSLESS, 12), (BASELINE, 8)])
def test_reading_less_of_a_film_changes_no_label_that_is_routed(
    project: Path, tmp_path: Path, syntax: str, bits: int
) -> None:
    network, calibration = Network.load(project / "artifacts/network"), project / "artifacts/calibration"
    paths = pd.read_parquet(project / "reports/test_predictions.parquet")["path"]
    films = [
        read_twice(enlarged(project / "data" / path, 3, syntax, bits, tmp_path / "film"), network.preprocessing)
        for path in paths
    ]
    found = reading_agreement(films, network, FeatureStatistics.load(calibration / FILE), read_rule(calibration))
    assert (found.n, found.reduced, found.of_them_routed) == (len(paths), len(paths), 0)
    assert found.mean_error < found.largest_error < 1


def test_films_that_arrive_otherwise_are_counted_and_the_metrics_show_them(project: Path, run: Run) -> None:
    document = read_json(project / "reports/robustness.json")
    assert 5 <= document["n"] < document["test_films"] == read_json(project / "reports/test.json")["n"]
    assert document["patients"] == 5
    assert "half_resolution.safe" in run("dvc", "metrics", "show").stdout


def test_the_commands_that_explain_a_film_run(run: Run, project: Path) -> None:
    assert "why.html shows why" in run("bash", "-euc", "\n".join(commands(ON_A_MODEL))).stdout
    assert (project / "why.html").stat().st_size > 10_000


def test_no_output_holds_a_path_of_the_machine(project: Path) -> None:
    files = [path for folder in ("artifacts", "reports") for path in (project / folder).rglob("*") if path.is_file()]
    assert [path.name for path in files if str(project).encode() in path.read_bytes()] == []


def test_the_summary_prints_the_account_and_where_the_report_is(run: Run) -> None:
    shown = run("dicom-router", "summary").stdout
    assert "SYNTHETIC" in shown
    assert "in = " in shown
    assert "reports/index.html" in shown
    assert "routed " in shown and "guarantee not met" in shown


def test_the_packaged_model_classifies_the_sample(run: Run, project: Path) -> None:
    film = next((project / "data/images").rglob("*.dcm"))
    assert str(film.name) in run("dicom-router", "classify", str(film)).stdout


def test_a_model_of_synthetic_films_refuses_a_real_one_without_the_flag(run: Run, real_xr: Path) -> None:
    film = str(next((real_xr / "nema/images").iterdir()))
    assert "synthetic" in run("dicom-router", "classify", film, fails=True).stderr
    run("dicom-router", "classify", "--allow-synthetic-model", film)


def test_a_hip_in_eight_transfer_syntaxes_gets_one_answer(run: Run, real_xr: Path) -> None:
    shown = run(
        "dicom-router", "classify", "--allow-synthetic-model", "--format", "csv", str(real_xr / "nema/images")
    ).stdout
    answers = pd.read_csv(io.StringIO(shown)).filter(regex="^p_")
    assert answers.shape == (8, 5)
    assert (answers.max() - answers.min()).max() < 0.02  # some are lossy, some are decoded at reduced size
