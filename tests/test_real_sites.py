"""The benchmark of held-out sites: what it changes in films, and what it prints of made-up ones."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks._equalising import EQUALISED, LONG_SIDE, STORED, as_image, equalise
from benchmarks._site_figures import called, pooled_recall, probed, recall_change, replaceable
from benchmarks._sites import Project
from benchmarks.real_sites import main
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.predictions import Predictions

SETTINGS = Bootstrap(resamples=200, confidence=0.95, minimum_patients=20, seed=1)
SITES = {"hannover": 2, "nih": 2, "kermany": 1}  # whose made-up films differ in their greys
LABELS = {"hannover": "adult_chest", "nih": "adult_chest", "kermany": "pediatric_chest"}
SMALL = {"preprocess.image_size": 32, "preprocess.jobs": 1, "train.epochs": 1, "train.threads": 1}


def film(brightness: int, seed: int, size: tuple[int, int] = (180, 140)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 60, (size[1], size[0]), dtype=np.uint8)
    return Image.fromarray(noise + np.uint8(40 + 60 * brightness))


def write_site(folder: Path, site: str, films: int = 12) -> None:
    (folder / site / "images").mkdir(parents=True)
    with (folder / site / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "patient_id"])
        for number in range(films):
            film(SITES[site], seed=number + 100 * list(SITES).index(site)).save(folder / site / f"images/{number}.png")
            writer.writerow([f"images/{number}.png", LABELS[site], f"{site}-{number}"])


def of(labels: list[int], predicted: list[int], patients: list[int]) -> Predictions:
    probabilities = np.eye(5)[predicted]
    return Predictions(np.array(labels), probabilities, np.array(patients))


def fine_detail(image: Image.Image) -> float:
    """Return the share of what varies along the long side that ``LONG_SIDE`` pixels could not show."""
    pixels = np.asarray(image, float)
    along = pixels if pixels.shape[0] >= pixels.shape[1] else pixels.T
    power = np.abs(np.fft.fft(along, axis=0)) ** 2
    return float(power[LONG_SIDE:-LONG_SIDE].sum() / power[1:].sum())


@pytest.mark.parametrize("size", [(1400, 1090), (224, 224), (300, 900)])
def test_after_one_resolution_no_film_has_detail_that_another_lacks(size: tuple[int, int]) -> None:
    grain = Image.fromarray(np.random.default_rng(1).integers(0, 256, size[::-1], dtype=np.uint8))
    changed = EQUALISED["resolution"][0](grain)
    assert max(changed.size) == STORED
    assert fine_detail(grain) > 0.5
    assert fine_detail(changed) < 0.05


@pytest.mark.parametrize("brightness", [0, 1, 2])
def test_after_one_histogram_every_grey_is_as_frequent(brightness: int) -> None:
    greys = np.asarray(EQUALISED["histogram"][0](film(brightness, 1)))
    assert np.abs(np.quantile(greys, [0.25, 0.5, 0.75]) - [64, 128, 191]).max() < 8


def test_after_one_compression_the_size_stays_and_a_second_time_changes_little() -> None:
    once = EQUALISED["compression"][0](film(1, 1))
    twice = EQUALISED["compression"][0](once)
    first, second = (
        np.abs(np.subtract(*np.asarray(pair, float))).mean() for pair in ([film(1, 1), once], [once, twice])
    )
    assert once.size == film(1, 1).size
    assert second < first / 10


def test_equalised_films_stand_in_a_table_like_the_sites_own_and_copies_in_it_once(tmp_path: Path) -> None:
    write_site(tmp_path, "nih", films=3)
    copy = tmp_path / "nih/images/2.png"
    copy.write_bytes((tmp_path / "nih/images/1.png").read_bytes())
    equalise(tmp_path / "nih", tmp_path / "equal/nih", EQUALISED["all three"])
    table = pd.read_csv(tmp_path / "equal/nih/labels.csv")
    assert list(table["patient_id"]) == ["nih-0", "nih-1"]
    assert [max(as_image(tmp_path / "equal/nih" / path).size) for path in table["path"]] == [STORED, STORED]


def test_a_probe_tells_classes_by_size_where_each_site_has_its_own_and_fails_on_another_site() -> None:
    images = pd.DataFrame(
        {
            "Rows": [100, 200] * 20 + [200] * 4,
            "label": ["spine", "other"] * 20 + ["spine"] * 4,
            "split": ["train"] * 20 + ["test"] * 20 + ["external"] * 4,
            "path": [str(number) for number in range(44)],
            "patient_id": [str(number) for number in range(44)],
        }
    )
    (right, patients), (elsewhere, _) = probed(images, ["Rows"])
    assert right.all() and len(right) == len(np.unique(patients)) == 20
    assert len(elsewhere) == 4 and not elsewhere.any()


def test_several_seeds_are_pooled_and_each_patient_counts_once_in_the_interval() -> None:
    one = of([1] * 4, [1, 1, 1, 2], [0, 1, 2, 3])
    figure = pooled_recall([one, of([1] * 4, [1, 1, 2, 2], [0, 1, 2, 3])], SETTINGS)
    assert figure["value"] == pytest.approx(5 / 8)
    assert figure["trials"] == 4


def test_a_change_has_an_interval_only_where_patients_are_enough() -> None:
    few, many = list(range(7)), list(range(40))
    assert "7 patients" in recall_change([of([1] * 7, [1] * 7, few)], [of([1] * 7, [2] * 7, few)], SETTINGS)["reason"]
    half = of([1] * 40, [1, 2] * 20, many)
    figure = recall_change([of([1] * 40, [1] * 40, many)], [half], SETTINGS)
    assert figure["value"] == pytest.approx(0.5)
    assert 0.3 < figure["low"] < 0.5 < figure["high"] < 0.7


def test_films_of_other_patients_are_not_compared() -> None:
    with pytest.raises(ValueError, match="not asked about the same films"):
        recall_change([of([1, 1], [1, 1], [0, 0])], [of([1, 1], [1, 1], [0, 1])], SETTINGS)


def test_wrong_answers_are_counted_by_class() -> None:
    assert called([of([1] * 4, [1, 2, 2, 4], [0, 1, 2, 3])]) == "2 pediatric_chest, 1 other"


def test_sites_are_held_out_whose_classes_another_site_has_too() -> None:
    films = [("a", "spine"), ("b", "spine"), ("b", "spine"), ("c", "spine"), ("c", "other"), ("d", "abdomen")]
    assert replaceable(pd.DataFrame(films, columns=["site", "label"])) == ["a", "b"]


def test_a_site_that_is_held_out_is_judged_and_the_others_are_trained_on(tmp_path: Path) -> None:
    for site in SITES:
        write_site(tmp_path / "films", site)
    project = Project.of(tmp_path / "films", tmp_path / "project")
    assert replaceable(project.images()) == ["hannover", "nih"]
    project.hold_out(["nih"])
    assert set(project.images().query("split == 'external'")["site"]) == {"nih"}
    finished = project.train("test_resnet", "params", SMALL, seeds=1)
    (said,) = project.said(finished, "external")
    table = project.decided(finished[0])
    assert len(said.labels) == len(table) == 12 and set(table["site"]) == {"nih"}
    assert set(table["decision"]) <= {"route", "review"}
    began = finished[0].folder
    assert project.train("test_resnet", "params", SMALL, seeds=1)[0].folder == began
    project.hold_out(["hannover"])
    assert set(project.images().query("split == 'external'")["site"]) == {"hannover"}


def test_without_films_it_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["real_sites"])
    main()
    assert "--films" in capsys.readouterr().out
