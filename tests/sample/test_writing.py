"""The sample on disk: the same bytes again, in bounded memory, and never among other films."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dicom_router.dataset.pseudonyms import DEMO_KEY, fingerprint
from dicom_router.dataset.table import Origin, read_labels, read_origin, write_labels, write_origin
from dicom_router.errors import DataError, MixedOrigin
from dicom_router.labels import CLASSES
from dicom_router.sample.writing import Sample, is_complete, write_sample

SAMPLE = Sample(24, 9)


def _write(sample: Sample, data: Path, jobs: int = 1) -> Path:
    for _ in write_sample(sample, data, jobs):
        pass
    return data


def _digests(data: Path) -> dict[str, str]:
    files = sorted(path for path in data.rglob("*") if path.is_file())
    return {path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(SAMPLE, tmp_path_factory.mktemp("written") / "data")


def test_same_seed_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    assert _digests(_write(SAMPLE, tmp_path / "again")) == _digests(written)


def test_number_of_processes_changes_no_byte(written: Path, tmp_path: Path) -> None:
    assert _digests(_write(SAMPLE, tmp_path / "two", jobs=2)) == _digests(written)


def test_another_seed_gives_other_films(written: Path, tmp_path: Path) -> None:
    other = _digests(_write(replace(SAMPLE, seed=10), tmp_path / "other"))
    assert not set(other.values()) & set(_digests(written).values())


def test_a_larger_sample_holds_the_films_of_a_smaller_one(written: Path, tmp_path: Path) -> None:
    films = {name: digest for name, digest in _digests(written).items() if name.startswith("images/")}
    assert films.items() <= _digests(_write(replace(SAMPLE, images=30), tmp_path / "larger")).items()


def test_labels_and_files_agree(small_sample: Path, labels: pd.DataFrame) -> None:
    files = {path.relative_to(small_sample).as_posix() for path in small_sample.rglob("*.dcm")}
    assert set(labels["path"]) == files
    assert len(labels) == len(files) == 160


def test_labels_hold_classes_cohorts_ages_and_views(labels: pd.DataFrame) -> None:
    assert set(labels["label"]) == set(CLASSES)
    assert set(zip(labels["site"], labels["cohort"], strict=True)) == {
        ("synthetic-a", "internal"),
        ("synthetic-b", "external"),
    }
    assert labels["age_years"].between(0.0, 95.0).all()
    assert set(labels["sex"]) == {"F", "M"}
    assert set(labels["view"]) == {"AP", "PA", "LL", "RL"}
    assert set(labels["batch"]) == {1}


def test_origin_says_that_it_is_synthetic_and_how_it_was_made(written: Path) -> None:
    origin = read_origin(written)
    assert origin.synthetic
    assert "--images 24 --seed 9" in origin.description
    assert origin.pseudonym_key_fingerprint == fingerprint(DEMO_KEY)


def test_whole_sample_is_complete_and_one_without_a_file_is_not(tmp_path: Path) -> None:
    data = _write(replace(SAMPLE, images=3), tmp_path / "data")
    assert is_complete(Sample(3, 9), data)
    (data / read_labels(data)["path"][0]).unlink()
    assert not is_complete(Sample(3, 9), data)


def test_interrupted_run_is_finished_by_the_next(written: Path, tmp_path: Path) -> None:
    rows: Iterator[object] = write_sample(SAMPLE, tmp_path / "data", jobs=1)
    for _ in range(5):
        next(rows)
    assert not is_complete(SAMPLE, tmp_path / "data")
    assert _digests(_write(SAMPLE, tmp_path / "data")) == _digests(written)


@pytest.mark.parametrize("other", [Sample(24, 10), Sample(23, 9)], ids=["seed", "size"])
def test_another_sample_is_not_overwritten(written: Path, other: Sample) -> None:
    before = _digests(written)
    with pytest.raises(DataError, match=r"holds another dataset: .* --images 24 --seed 9"):
        _write(other, written)
    assert _digests(written) == before


def test_real_films_are_never_joined_by_synthetic_ones(tmp_path: Path) -> None:
    write_origin(tmp_path, Origin(False, "films of a hospital", "0" * 16))
    with pytest.raises(MixedOrigin, match="holds real films"):
        _write(SAMPLE, tmp_path)
    assert not (tmp_path / "images").exists()


def test_damaged_dataset_is_not_overwritten(written: Path, tmp_path: Path) -> None:
    write_labels(tmp_path, read_labels(written))
    with pytest.raises(DataError, match=r"dataset\.json is missing although"):
        _write(SAMPLE, tmp_path)


def test_memory_does_not_grow_with_the_number_of_films(tmp_path: Path) -> None:
    peaks = []
    rows = write_sample(Sample(24, 4), tmp_path / "data", jobs=1)
    tracemalloc.start()
    for _ in range(2):
        for _ in range(12):
            next(rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < 100e6
