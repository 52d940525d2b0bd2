"""Walking DVC's graph in a working copy, over a pipeline of three small stages."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from small_project import Run, commit_project, copy_project, runner

from dicom_router.errors import RunError
from dicom_router.pipeline.walking import Walk, explanation
from dicom_router.pipeline.working_copy import Request, WorkingCopy, working_copy

GRAPH = """stages:
  second:
    cmd: cat first.txt > second.txt && echo done
    deps: [first.txt]
    outs: [second.txt]
  first:
    cmd: 'cat data/film && echo one > first.txt'
    deps: [data]
    outs: [first.txt]
  third:
    cmd: 'echo "third: warning: odd" >&2; echo "third: it does not hold" >&2; echo "  found 3" >&2; exit 1'
    deps: [second.txt]
    outs: [third.txt]
  endless:
    cmd: "sh -c 'echo $$ > endless.pid; sleep 600'"
    deps: [second.txt]
    outs: [endless.txt]
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walked")
    copy_project(folder)
    (folder / "dvc.yaml").write_text(GRAPH)
    run = commit_project(folder)
    (folder / "data").mkdir()
    (folder / "data/film").write_text("film\n")
    run("dvc", "add", "--quiet", "data")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", "data")
    return folder


@pytest.fixture
def run(checkout: Path) -> Run:
    return runner(checkout)


@pytest.fixture
def copy(checkout: Path) -> Iterator[WorkingCopy]:
    with working_copy(checkout, str(time.monotonic_ns()), Request("HEAD", {}, False)) as made:
        yield made


def test_stages_come_in_order_and_run_once(copy: WorkingCopy) -> None:
    said: list[str] = []
    with Walk(copy) as walk:
        assert walk.stages.index("first") < walk.stages.index("second") < walk.stages.index("third")
        ran = [walk.reproduce(name, said.append) for name in ("first", "second", "second")]
    assert ran == [True, True, False]
    assert "film" in said
    assert "done" in said
    assert "second" in (copy.folder / "dvc.lock").read_text()


def test_what_another_run_made_comes_from_the_shared_cache(copy: WorkingCopy, checkout: Path) -> None:
    with Walk(copy) as walk:
        walk.reproduce("first", print)
    with working_copy(checkout, "other", Request("HEAD", {"train.epochs": 3}, False)) as other, Walk(other) as walk:
        assert walk.reproduce("first", print) is False
        assert (other.folder / "first.txt").read_text() == "one\n"


def test_a_stage_fails_in_its_own_words(copy: WorkingCopy) -> None:
    with Walk(copy) as walk:
        for name in ("first", "second"):
            walk.reproduce(name, print)
        with pytest.raises(RunError, match=r"^it does not hold\n  found 3$"):
            walk.reproduce("third", print)


def test_the_stage_ends_with_whoever_walks(copy: WorkingCopy, checkout: Path) -> None:
    code = (
        "from pathlib import Path; from dicom_router.pipeline.walking import Walk\n"
        "from dicom_router.pipeline.working_copy import Request, working_copy\n"
        "request = Request('HEAD', {'train.epochs': 4}, False)\n"
        "with working_copy(Path.cwd(), 'killed', request) as copy, Walk(copy) as walk:\n"
        "    print(copy.folder, flush=True)\n"
        "    for name in ('first', 'second', 'endless'): walk.reproduce(name, lambda line: None)\n"
    )
    walker = subprocess.Popen([sys.executable, "-c", code], cwd=checkout, stdout=subprocess.PIPE, text=True)
    assert walker.stdout is not None
    note = Path(walker.stdout.readline().strip()) / "endless.pid"
    while not (note.exists() and note.read_text().strip()):
        assert walker.poll() is None
        time.sleep(0.1)
    stage = psutil.Process(int(note.read_text()))
    walker.kill()
    walker.communicate()
    stage.wait(timeout=20)


def test_data_that_changed_since_it_was_recorded_is_refused(checkout: Path, copy: WorkingCopy) -> None:
    film = checkout / "data/film"
    film.unlink()
    film.write_text("another\n")
    try:
        with pytest.raises(RunError, match="data changed since it was recorded: `dvc add data`, and commit"):
            Walk(copy).__enter__()
    finally:
        film.write_text("film\n")


def test_data_that_is_nowhere_is_said_to_be(checkout: Path, copy: WorkingCopy, run: Run) -> None:
    cache = checkout / ".dvc/cache"
    cache.rename(cache.with_name("away"))
    try:
        with pytest.raises(RunError, match="not in DVC's cache: make it with `dicom-router sample data`"):
            Walk(copy).__enter__()
    finally:
        cache.with_name("away").rename(cache)


def test_results_go_to_the_remote_that_is_set(checkout: Path, run: Run, tmp_path: Path) -> None:
    run("dvc", "remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    try:
        with working_copy(checkout, "pushed", Request("HEAD", {"train.epochs": 6}, False)) as copy, Walk(copy) as walk:
            walk.reproduce("first", print)
            assert walk.push(print)
    finally:
        run("dvc", "remote", "remove", "--local", "store")
    assert any(file.read_bytes() == b"one\n" for file in (tmp_path / "store").rglob("*") if file.is_file())


def test_a_traceback_is_explained_by_its_last_lines() -> None:
    lines = ["train: 3 images", "Traceback (most recent call last):", "  File x", "ValueError: no"]
    assert explanation("train", lines).endswith("ValueError: no")


def test_a_remote_that_takes_nothing_is_said_each_time_it_is_asked(checkout: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run("dvc", "remote", "add", "--local", "--default", "broken", str(tmp_path / "file/store"))
    try:
        with (
            working_copy(checkout, "unpushed", Request("HEAD", {"train.epochs": 7}, False)) as copy,
            Walk(copy) as walk,
        ):
            walk.reproduce("first", print)
            for _ in range(2):
                with pytest.raises(RunError, match="results could not be pushed to DVC's remote: "):
                    walk.push(print)
            assert walk.reproduce("first", print) is False
    finally:
        run("dvc", "remote", "remove", "--local", "broken")
