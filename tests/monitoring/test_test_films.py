"""What a model's folder keeps of its test films."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from dicom_router.errors import ModelError
from dicom_router.model.answers import Facts
from dicom_router.model.folder import TEST_FILMS
from dicom_router.model.test_films import TestFilms
from dicom_router.monitoring.drift.references import side_of_test


def test_a_model_keeps_what_it_said_of_its_test_films_and_nobody_is_named(good: Path) -> None:
    films = TestFilms.load(good / "artifacts/model")
    assert films is not None and len(films.labels) == len(films.features) > 0
    assert set(films.patients) == set(range(films.patients.max() + 1))
    side = side_of_test(films)
    assert len(side.studies) == films.patients.max() + 1 and int(side.studies["films"].sum()) == len(films.labels)
    assert side.look(side.studies).shape == (len(side.studies), films.features.shape[1])
    assert b"P0" not in films.to_bytes() and films.to_bytes() == films.to_bytes()


def test_they_are_no_part_of_the_version_and_an_older_model_has_none(good: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(good / "artifacts/model", tmp_path / "model")
    version = Facts.read(folder).version
    changed = np.load(folder / TEST_FILMS)["labels"]
    assert changed.dtype == np.int8
    (folder / TEST_FILMS).unlink()
    assert TestFilms.load(folder) is None
    with pytest.raises(ModelError, match="test_films"):  # the specification vouches for it
        Facts.read(folder)
    assert version


def test_damaged_ones_are_said(tmp_path: Path) -> None:
    (tmp_path / TEST_FILMS).write_bytes(b"no archive")
    with pytest.raises(ModelError, match="is damaged"):
        TestFilms.load(tmp_path)
