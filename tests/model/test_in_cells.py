"""Films classified in processes that may die: results are complete, in order, and those of one process."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import deadly
import pytest
from fuzz.mutations import mutate
from model.films import write_film
from model.made_up import band_pixels

from dicom_router.errors import ModelError
from dicom_router.model.answers import Facts, Result
from dicom_router.model.folder import MODEL
from dicom_router.model.in_cells import Loading, classify_in_cells
from dicom_router.model.inference import Classifier
from dicom_router.reasons import Reason
from dicom_router.walking import Found


class LethalFilm(Found):
    """What no process can be given without dying."""

    def __reduce__(self) -> tuple[object, ...]:
        return deadly.act, ("segfault",)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return forty sound films and forty bad files, mixed."""
    folder, random = tmp_path_factory.mktemp("films"), Random(0)
    paths = [write_film(folder / f"{n}.dcm", band_pixels(n % 5, seed=n), synthetic=True) for n in range(40)]
    sound = paths[0].read_bytes()
    for number in range(36):
        path = folder / f"bad-{number}.dcm"
        path.write_bytes(mutate(random, sound) if number % 2 else random.randbytes(number))
        paths.append(path)
    paths += [folder, folder / "gone", Path("/dev/null"), folder / "nul\0"]
    random.shuffle(paths)
    return paths


def children() -> list[int]:
    """Return the processes that this one started."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found.update(map(int, (task / "children").read_text().split()))
    return sorted(found)


def killing(results: Iterator[Result], before: set[int]) -> Iterator[Result]:
    """Pass on results, and kill a process that makes them after the third."""
    for number, result in enumerate(results):
        if number == 3:
            os.kill(next(pid for pid in children() if pid not in before), signal.SIGKILL)
        yield result


def without_time(results: list[Result]) -> list[Result]:
    return [replace(result, seconds=None) for result in results]


def test_results_are_complete_and_in_order_with_bad_files_and_a_killed_worker(
    shared_model: Path, films: list[Path]
) -> None:
    loading = Loading(shared_model, allow_synthetic=True)
    before = set(children())
    results = list(killing(classify_in_cells(loading, films, workers=4), before))
    assert [result.path for result in results] == films
    assert without_time(results) == without_time(
        list(Classifier.load(shared_model, allow_synthetic=True).classify(films))
    )
    assert sum(result.label is not None for result in results) >= 40
    assert set(children()) == before


def test_a_crash_costs_its_film_and_the_row_says_so(shared_model: Path, films: list[Path]) -> None:
    sound = next(path for path in films if path.stem.isdigit())
    sources = [sound, LethalFilm(Path("deadly.dcm")), sound.read_bytes()]
    first, crashed, last = classify_in_cells(Loading(shared_model), sources)
    assert (crashed.path, crashed.reason, crashed.label) == (Path("deadly.dcm"), Reason.DECODER_CRASHED, None)
    assert crashed.model == first.model and crashed.seconds is None
    assert first.label == last.label and first.probabilities == last.probabilities


def test_a_model_that_was_exchanged_is_noticed(shared_model: Path, films: list[Path]) -> None:
    another = replace(Facts.read(shared_model), version="0" * 16)
    sources = [path for path in films if path.stem.isdigit()]
    with pytest.raises(ModelError, match=f"while films were classified by {'0' * 16}"):
        list(classify_in_cells(Loading(shared_model), sources, facts=another))


def test_what_the_model_refuses_is_an_error_of_the_caller(shared_model: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "real.dcm", band_pixels(0), synthetic=False)
    with pytest.raises(ModelError, match="--allow-synthetic-model"):
        list(classify_in_cells(Loading(shared_model), [film]))


def test_a_model_that_is_slow_to_load_makes_no_film_late(shared_model: Path, films: list[Path], tmp_path: Path) -> None:
    folder = shutil.copytree(shared_model, tmp_path / "model")
    content = (folder / MODEL).read_bytes()
    (folder / MODEL).unlink()
    os.mkfifo(folder / MODEL)

    def come_slowly() -> None:
        time.sleep(3)
        (folder / MODEL).write_bytes(content)

    threading.Thread(target=come_slowly, daemon=True).start()
    sound = next(path for path in films if path.stem.isdigit())
    (result,) = classify_in_cells(Loading(folder), [sound], timeout=2, facts=Facts.read(shared_model))
    assert result.reason is None and result.label is not None
