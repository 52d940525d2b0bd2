"""The pixel cache: right, whole, and finished after a crash without being begun again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from dataset.tiny import labels_of, noise, row, write_film
from small_project import set_params

from dicom_router.dataset import pixels
from dicom_router.dataset.pixels import Workplace, fill, fingerprint, images_done, index_table, open_workplace
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.reading import read
from dicom_router.errors import DataError
from dicom_router.stages import preprocess as stage

COUNT = 2 * pixels.CHUNK + 6
PATHS = [f"images/{number:04d}.dcm" for number in range(COUNT)]
SPEC = PreprocessingSpec(32, "letterbox")
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the images ``PATHS``."""
    folder = tmp_path_factory.mktemp("data")
    for number, path in enumerate(PATHS):
        write_film(folder / path, noise(number, 40), BodyPartExamined="CHEST")
    return folder


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return splits.parquet and images.parquet of ``PATHS``."""
    labels = labels_of([row(number, "spine", age_years=number) for number in range(COUNT)])
    facts = dict.fromkeys(("PatientSex", "ViewPosition", "BodyPartExamined", "Manufacturer"), "said")
    images = labels.assign(sha256=[f"{number}" for number in range(COUNT)], header_age_years=np.nan, **facts)
    return images[["path", "label", "patient_id", "site", "cohort"]].assign(split="train"), images


def expected(data: Path) -> np.ndarray:
    return np.stack([preprocess(read(data / path), SPEC) for path in PATHS])


def filled(place: Workplace, data: Path, jobs: int = 1) -> np.ndarray:
    for _ in fill(place, data, PATHS, SPEC, jobs, TIMEOUT):
        pass
    return np.load(place.array, mmap_mode="r")


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_are_the_preprocessed_images_in_order(tmp_path: Path, data: Path, jobs: int) -> None:
    place = open_workplace(tmp_path / "work", COUNT, SPEC.image_size)
    found = filled(place, data, jobs)
    assert (found.shape, found.dtype) == ((COUNT, 32, 32), np.uint8)
    assert np.array_equal(found, expected(data))


KILLED = """
import os, signal, sys
from pathlib import Path
from dicom_router.dataset.pixels import fill, open_workplace
from dicom_router.dicom.preprocessing import PreprocessingSpec
work, data, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
paths = [f"images/{number:04d}.dcm" for number in range(count)]
for done in fill(open_workplace(work, count, 32), data, paths, PreprocessingSpec(32, "letterbox"), 1, 60):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_is_continued_and_not_begun_again(tmp_path: Path, data: Path) -> None:
    work, wanted = tmp_path / "work", expected(data)
    command = [sys.executable, "-c", KILLED, str(work), str(data), str(COUNT)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    rest = tmp_path / "data"
    shutil.copytree(data, rest)
    for path in PATHS[: pixels.CHUNK]:
        (rest / path).unlink()  # so that reading one of the first chunk again would fail
    place = open_workplace(work, COUNT, SPEC.image_size)
    assert images_done(place) == pixels.CHUNK
    assert np.array_equal(filled(place, rest), wanted)


def test_a_mark_that_a_crash_cut_off_does_not_count(tmp_path: Path, data: Path) -> None:
    place = open_workplace(tmp_path / "work", COUNT, SPEC.image_size)
    place.journal.write_text("0\n3")
    assert images_done(place) == pixels.CHUNK
    assert place.journal.read_text() == "0\n"


def test_work_without_its_journal_is_begun_again(tmp_path: Path) -> None:
    place = open_workplace(tmp_path / "work", COUNT, SPEC.image_size)
    place.journal.unlink()
    place.array.write_bytes(b"half a header")
    again = open_workplace(tmp_path / "work", COUNT, SPEC.image_size)
    assert np.load(again.array, mmap_mode="r").shape == (COUNT, 32, 32)


def test_a_file_that_changed_since_validate_is_an_error_that_names_it(tmp_path: Path, data: Path) -> None:
    broken = tmp_path / "data"
    shutil.copytree(data, broken)
    (broken / PATHS[3]).write_bytes(b"")
    place = open_workplace(tmp_path / "work", COUNT, SPEC.image_size)
    with pytest.raises(DataError, match=r"images/0003.dcm was read by validate and is now empty"):
        filled(place, broken)


def test_the_fingerprint_knows_specification_and_files() -> None:
    images = tables()[1]
    same = fingerprint(SPEC, images)
    others = [
        fingerprint(PreprocessingSpec(64, "letterbox"), images),
        fingerprint(PreprocessingSpec(32, "stretch"), images),
        fingerprint(SPEC, images.iloc[::-1]),
        fingerprint(SPEC, images.replace({"sha256": {"1": "changed"}})),
    ]
    assert same == fingerprint(SPEC, tables()[1])
    assert same not in others


def test_the_index_keeps_the_order_and_adds_facts() -> None:
    splits, images = tables()
    index = index_table(splits, images.sample(frac=1, random_state=0))
    assert list(index["path"]) == PATHS
    assert list(index["age_years"]) == [float(number) for number in range(COUNT)]
    assert set(index["BodyPartExamined"]) == {"said"}


@pytest.fixture
def project(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with parameters, images and the tables of the stages before."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    set_params(tmp_path, {"preprocess": {"image_size": SPEC.image_size}})
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "artifacts").mkdir()
    for name, table in zip(("splits", "images"), tables(), strict=True):
        table.to_parquet(tmp_path / "artifacts" / f"{name}.parquet", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_stage_moves_the_whole_into_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage.main()
    cache = project / "artifacts" / "pixels"
    assert sorted(file.name for file in cache.iterdir()) == ["index.parquet", "pixels.npy", "specification.json"]
    assert np.array_equal(np.load(cache / "pixels.npy"), expected(project / "data"))
    assert json.loads((cache / "specification.json").read_text()) == {"image_size": 32, "fit": "letterbox"}
    assert list(pd.read_parquet(cache / "index.parquet")["path"]) == PATHS
    assert f"preprocess: {COUNT} images in = {COUNT} preprocessed; " in capsys.readouterr().out
    assert not (project / "work" / "preprocess").exists()


def test_a_second_run_writes_the_same_bytes(project: Path) -> None:
    def content() -> Iterator[bytes]:
        return (file.read_bytes() for file in sorted((project / "artifacts" / "pixels").iterdir()))

    stage.main()
    first = list(content())
    stage.main()
    assert list(content()) == first


def test_the_stage_says_what_an_earlier_run_had_finished(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = pd.read_parquet(project / "artifacts" / "images.parquet")
    place = open_workplace(project / "work" / "preprocess" / fingerprint(SPEC, images), COUNT, SPEC.image_size)
    next(fill(place, project / "data", PATHS, SPEC, 1, TIMEOUT))
    stage.main()
    assert "preprocessed + 32 finished by an earlier run" in capsys.readouterr().out
    assert np.array_equal(np.load(project / "artifacts/pixels/pixels.npy"), expected(project / "data"))
