"""Probabilities by networks that have not seen the image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model.made_up import RECIPE, made_up_images

from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.model.cross_fitting import (
    Crossing,
    deal,
    discard_others,
    finished_parts,
    fit_parts,
    out_of_sample,
    work_name,
)
from dicom_router.model.training.batches import Images

QUICK = replace(RECIPE, epochs=2)


def crossing_of(images: Images, parts: int = 2) -> Crossing:
    """Return ``images``, two of one class a patient, dealt into ``parts``."""
    places = np.arange(len(images))
    return Crossing(images, deal(images.labels, places % (len(images) // 2), parts, seed=1), QUICK)


@pytest.fixture(scope="module")
def images() -> Images:
    return made_up_images(60)


@pytest.fixture(scope="module")
def judged(images: Images, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    work = tmp_path_factory.mktemp("work")
    assert list(fit_parts(crossing_of(images), work, lambda: None)) == [0, 1]
    return out_of_sample(crossing_of(images), work)


def test_no_patient_is_in_two_parts_and_every_class_is_in_each() -> None:
    labels = np.arange(200) % 5
    patients = np.arange(200) // 10 * 5 + labels
    parts = deal(labels, patients, 4, seed=0)
    assert all(len(set(parts[patients == patient])) == 1 for patient in set(patients))
    assert [len(set(labels[parts == part])) for part in range(4)] == [5, 5, 5, 5]


def test_fewer_patients_than_parts_is_an_error() -> None:
    with pytest.raises(DataError, match=r"3 patient\(s\) cannot be dealt into 4 parts"):
        deal(np.zeros(6, int), np.arange(6) // 2, 4, seed=0)


def test_a_class_of_one_patient_is_not_judged() -> None:
    labels = np.array([0] * 20 + [1] * 20 + [3] * 2)
    patients = np.concatenate([np.arange(40), [40, 40]])
    crossing = Crossing(
        Images(np.zeros((42, 4, 4), np.uint8), np.arange(42), labels), deal(labels, patients, 3, 0), QUICK
    )
    assert np.flatnonzero(~crossing.judged()).tolist() == [40, 41]


def test_every_image_gets_probabilities(judged: np.ndarray) -> None:
    assert judged.shape == (60, len(CLASSES))
    assert judged.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-5)
    assert (judged > 0).all()


def test_an_images_own_label_does_not_reach_the_network_that_judges_it(
    images: Images, judged: np.ndarray, tmp_path: Path
) -> None:
    crossing = crossing_of(images)
    first = crossing.parts == 0
    relabelled = images.labels.copy()
    relabelled[first] = (relabelled[first] + 1) % 5
    other = replace(crossing, images=Images(images.pixels, images.rows, relabelled))
    next(fit_parts(other, tmp_path, lambda: None))
    assert np.array_equal(np.load(tmp_path / "part-0.npy"), judged[first].astype(np.float32))


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(images: Images, judged: np.ndarray, tmp_path: Path) -> None:
    crossing = crossing_of(images)
    epochs = 0

    def stop_in_the_second_part() -> None:
        nonlocal epochs
        epochs += 1
        if epochs == QUICK.epochs + 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(fit_parts(crossing, tmp_path, stop_in_the_second_part))
    assert finished_parts(crossing, tmp_path) == [0]
    assert list(fit_parts(crossing, tmp_path, lambda: None)) == [1]
    assert np.array_equal(out_of_sample(crossing, tmp_path), judged)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part-0.npy", "part-1.npy"]


def test_the_works_name_changes_with_labels_parts_recipe_and_pixels(images: Images) -> None:
    crossing = crossing_of(images)
    labels = (images.labels + 1) % 5
    others = [
        replace(crossing, images=Images(images.pixels, images.rows, labels)),
        replace(crossing, parts=1 - crossing.parts),
        replace(crossing, recipe=replace(QUICK, epochs=5)),
    ]
    names = {work_name("a", crossing), work_name("b", crossing), *(work_name("a", other) for other in others)}
    assert len(names) == 5


def test_the_work_of_other_inputs_is_removed(tmp_path: Path) -> None:
    for name in ("this", "that"):
        (tmp_path / name).mkdir()
    discard_others(tmp_path / "this")
    assert [path.name for path in tmp_path.iterdir()] == ["this"]
