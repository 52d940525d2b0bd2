"""``dicom-router explain``."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner, Result
from model.films import write_film
from model.made_up import SIZE, band_pixels
from PIL import Image

from dicom_router.cli.explain import command
from dicom_router.errors import DataError, MissingExtra, ModelError, UnreadableImage
from dicom_router.labels import CLASSES
from dicom_router.model import inference
from dicom_router.model.answers import Facts, Guarantee
from dicom_router.model.explaining import Explanation, explain
from dicom_router.model.inference import Classifier
from dicom_router.model.network import Network
from dicom_router.model.packaging.writing import Ingredients, write_model
from dicom_router.model.saliency import hidden, occlusion
from dicom_router.reasons import Reason
from dicom_router.report.explanation import probability, write_page, write_picture

SPINE = CLASSES.index("spine")


@pytest.fixture(scope="module")
def network(network_folder: Path) -> Network:
    return Network.load(network_folder)


@pytest.mark.parametrize("label", range(len(CLASSES)))
def test_a_label_rests_on_what_shows_its_class(network: Network, label: int) -> None:
    found = occlusion(network, 1.0, band_pixels(label), label)
    assert found.values.shape == (SIZE, SIZE)
    rows, band = found.values.mean(axis=1), SIZE // len(CLASSES)
    middle = label * band + band // 2
    assert abs(int(rows.argmax()) - middle) <= band
    assert found.largest >= rows.max() > 0


def test_temperature_scales_what_hiding_costs(network: Network) -> None:
    sure, unsure = (occlusion(network, temperature, band_pixels(SPINE), SPINE).largest for temperature in (0.5, 5.0))
    assert sure > 2 * unsure


def test_a_hidden_place_is_grey_and_what_is_black_stays_so() -> None:
    pixels = np.array([[0, 100], [200, 0]], np.uint8)
    np.testing.assert_array_equal(hidden(pixels), [[0, 150], [150, 0]])
    np.testing.assert_array_equal(hidden(np.zeros((2, 2), np.uint8)), 0)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a synthetic spine whose header says chest, and who it is."""
    path = write_film(tmp_path_factory.mktemp("films") / "film.dcm", band_pixels(SPINE), synthetic=True)
    ds = pydicom.dcmread(path)
    ds.BodyPartExamined, ds.PatientAge, ds.PatientName, ds.PatientID = "CHEST", "004M", "PLANTED^NAME", "PLANTED-7"
    ds.StudyDescription, ds.StudyInstanceUID = "PLANTED STUDY", "1.2.3.77777"
    ds.save_as(path)
    return path


def run(model: Path, film: Path, output: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(film), "--model", str(model), "--output", str(output), *options])


@pytest.mark.parametrize(
    ("film_name", "output", "said"),
    [
        ("folder", "out.html", "takes one film; classify and audit take folders"),
        ("film", "share/out.png", "does not exist"),
    ],
)
def test_what_cannot_be_explained_is_told(
    model_folder: Path, film: Path, tmp_path: Path, film_name: str, output: str, said: str
) -> None:
    named = {"folder": film.parent, "film": film}[film_name]
    done = run(model_folder, named, tmp_path / output)
    assert done.exit_code == 1 and said in str(done.exception)
    assert not (tmp_path / "out.html").exists() and not (tmp_path / "share").exists()


def test_the_page_says_what_and_why_and_names_nobody(model_folder: Path, film: Path, tmp_path: Path) -> None:
    done = run(model_folder, film, tmp_path / "out.html")
    assert done.exit_code == 0 and done.stdout.startswith("film.dcm: spine (")
    page = (tmp_path / "out.html").read_text()
    assert "<h1>Spine</h1>" in page and "film.dcm" in page and "Synthetic model" in page
    assert page.count("data:image/png;base64,") == 2
    assert "The header disagrees with the pixels." in page and "disagrees" in done.stdout
    assert "<dd>CHEST</dd>" in page and "<dd>4 months</dd>" in page
    assert not re.search(r"https?:|url\((?!#)|<script|src=\"(?!data:)|href=\"(?!#|data:)", page)
    assert not re.search("PLANTED|77777", page) and str(film.parent) not in page


@pytest.fixture(scope="module")
def explanation(
    network_folder: Path,
    calibration_folder: Path,
    ingredients: Ingredients,
    film: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Explanation:
    folder = tmp_path_factory.mktemp("explained") / "model"
    write_model(folder, network_folder, calibration_folder, ingredients)
    return explain(Classifier.load(folder), film, 60)


@pytest.mark.parametrize("write", [write_page, write_picture])
def test_the_same_explanation_gives_the_same_bytes(
    explanation: Explanation, tmp_path: Path, write: Callable[[Path, Explanation], None]
) -> None:
    again = replace(explanation, result=replace(explanation.result, seconds=99.0))
    write(tmp_path / "a", explanation)
    write(tmp_path / "b", again)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_must_be_said_of_the_model_stands_on_the_page_and_in_the_picture(
    explanation: Explanation, tmp_path: Path
) -> None:
    gaps = Facts("0", False, Guarantee(0.005, 0.95, None), ("abdomen", "other"), None).gaps
    write_page(tmp_path / "out.html", explanation, gaps)
    page = (tmp_path / "out.html").read_text()
    assert all(f"This model was never trained on {name}" in page for name in ("abdomen", "other"))
    for name, warnings in (("with", gaps), ("without", ())):
        write_picture(tmp_path / name, explanation, warnings)
    assert (tmp_path / "with").read_bytes() != (tmp_path / "without").read_bytes()


def test_a_picture_holds_any_name(explanation: Explanation, tmp_path: Path) -> None:
    name = "$x_1$ {\\bf.dcm \N{CJK UNIFIED IDEOGRAPH-6587}" + "x" * 300
    write_picture(tmp_path / "out.png", replace(explanation, name=name))
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (1144, 902)


def test_a_name_that_is_no_text_is_shown_and_cannot_move_the_cursor(
    model_folder: Path, film: Path, tmp_path: Path
) -> None:
    named = tmp_path / os.fsdecode(b"a\xff\x1b[2J<b>.dcm")
    named.write_bytes(film.read_bytes())
    done = run(model_folder, named, tmp_path / "out.html")
    assert done.stdout.startswith("a\N{REPLACEMENT CHARACTER}\\x1b[2J<b>.dcm: spine (")
    assert "\x1b" not in done.stdout


def test_the_film_is_decoded_in_another_process_alone(
    model_folder: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(inference, "preprocess_file")
    monkeypatch.setattr("dicom_router.dicom.preprocessing.read_for", None)
    assert explain(Classifier.load(model_folder), film, 60).result.label == "spine"


@pytest.mark.parametrize(("content", "reason"), [(b"no film", Reason.NOT_DICOM), (b"", Reason.EMPTY)])
def test_a_bad_file_is_refused_with_its_reason(
    model_folder: Path, tmp_path: Path, content: bytes, reason: Reason
) -> None:
    (tmp_path / "bad").write_bytes(content)
    done = run(model_folder, tmp_path / "bad", tmp_path / "out.html")
    assert isinstance(done.exception, UnreadableImage) and done.exception.reason == reason
    assert str(reason) in str(done.exception) and not (tmp_path / "out.html").exists()


def test_a_synthetic_model_explains_a_real_film_only_when_allowed(model_folder: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "real.dcm", band_pixels(0), synthetic=False)
    assert isinstance(run(model_folder, film, tmp_path / "out.html").exception, ModelError)
    assert run(model_folder, film, tmp_path / "out.html", "--allow-synthetic-model").exit_code == 0


def test_without_the_extra_it_says_what_to_install(
    model_folder: Path, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    for name in ("dicom_router.model.explaining", "dicom_router.model.saliency"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    done = run(model_folder, film, tmp_path / "out.html")
    assert isinstance(done.exception, MissingExtra) and "'.[train]'" in str(done.exception)


def test_another_kind_of_file_is_refused(model_folder: Path, film: Path, tmp_path: Path) -> None:
    done = run(model_folder, film, tmp_path / "out.pdf")
    assert isinstance(done.exception, DataError) and ".html or .png" in str(done.exception)


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "under 0.1%"), (0.0004, "under 0.1%"), (0.5, "50.0%"), (0.9996, "over 99.9%")]
)
def test_a_probability_is_never_told_as_none_or_all(share: float, text: str) -> None:
    assert probability(share) == text
