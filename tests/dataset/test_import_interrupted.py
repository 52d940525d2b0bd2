"""Whatever ends an import, the same import again completes it: nothing is lost, doubled or half written."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from dataset.hospital import KEY, bring, content, dicom, unwatched
from dicom.files import write_film

from dicom_router.dataset.importing.films import Account, Outcome, Request, import_films
from dicom_router.dataset.importing.labelling import FolderLabels, OneLabel
from dicom_router.dataset.importing.ledger import Ledger
from dicom_router.dataset.importing.resuming import BOOT
from dicom_router.dataset.pseudonyms import KEY_VARIABLE, Pseudonyms
from dicom_router.errors import DataError
from dicom_router.reasons import Reason

IMPORT = ("-c", "from dicom_router.cli import main; main()", "import")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return an export of three films of different sizes."""
    for number in range(3):
        dicom(tmp_path / "export" / "spine" / str(number), number)
    return tmp_path / "export"


@pytest.fixture
def expected(source: Path, tmp_path: Path) -> dict[str, bytes]:
    """Return what an import that nobody disturbs makes of ``source``."""
    bring(source, tmp_path / "undisturbed" / "data")
    return content(tmp_path / "undisturbed" / "data")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "project" / "data"


@contextmanager
def in_memory() -> Iterator[Path]:
    """Give a folder where a sync costs nothing, if there is one."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def environment() -> dict[str, str]:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))
    return os.environ | one_thread | {KEY_VARIABLE: KEY, "PYTHONPATH": path}


def test_killed_at_any_write_it_is_completed_by_the_next() -> None:
    with in_memory() as folder:
        command = [sys.executable, str(ROOT / "tests/dataset/killed.py"), str(folder)]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    assert report["writes"] > 50


@pytest.mark.parametrize(
    ("with_what", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)], ids=["kill -9", "Ctrl-C"]
)
def test_the_command_with_its_processes_is_completed_too(tmp_path: Path, with_what: int, code: int) -> None:
    source, project = tmp_path / "export", tmp_path / "project"
    for number in range(60):
        dicom(source / "spine" / str(number), number)
    project.mkdir()
    (project / "dvc.yaml").touch()
    arguments = (str(source), "--label-from", "folder", "--site", "north", "--jobs", "2")
    first = subprocess.Popen(
        [sys.executable, *IMPORT, *arguments],
        cwd=project, env=environment(), start_new_session=True, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list(project.glob("data/images/north/*/*.dcm")) and first.poll() is None:
        time.sleep(0.01)
    os.killpg(first.pid, with_what)
    errors = first.communicate()[1]
    assert first.returncode == code
    assert with_what == signal.SIGKILL or "run the same import again, and it continues" in errors
    assert "Traceback" not in errors
    assert not (project / "data/labels.csv").exists()
    again = ("--jobs", "0") if with_what == signal.SIGINT else ()
    subprocess.run([sys.executable, *IMPORT, *arguments, *again], cwd=project, env=environment(), check=True)
    bring(source, tmp_path / "undisturbed" / "data")
    assert content(project / "data") == content(tmp_path / "undisturbed" / "data")


@pytest.mark.parametrize("bytes_a_file", [0, 1000, 20_000])
def test_a_disk_that_refuses_is_an_error_in_words_and_the_next_run_continues(
    tmp_path: Path, data: Path, bytes_a_file: int
) -> None:
    source = tmp_path / "export"
    dicom(source / "small", 1)
    (source / "large").write_bytes((source / "small").read_bytes())
    write_large(source / "large")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, limit[1]))
    try:
        with pytest.raises(DataError, match="cannot be written"):
            bring(source, data, OneLabel("spine"), refused=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not (data / "labels.csv").exists()
    bring(source, data, OneLabel("spine"))
    bring(source, tmp_path / "undisturbed" / "data", OneLabel("spine"))
    assert content(data) == content(tmp_path / "undisturbed" / "data")


def write_large(path: Path) -> None:
    """Write a film of 80 kB."""
    write_film(path, np.arange(40_000, dtype="u2").reshape(200, 200), BitsStored=16, PatientID="P9")


def test_a_full_disk_is_an_error_in_words_and_the_next_run_continues(tmp_path: Path) -> None:
    disk, source = tmp_path / "disk", tmp_path / "export"
    source.mkdir()
    for number in range(4):
        write_large(source / f"{number}")
        dicom(source / f"small {number}", number)
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        with pytest.raises(DataError, match=r"No space left on device|full"):
            bring(source, disk / "data", OneLabel("spine"), refused=tmp_path / "refused.csv")
        subprocess.run(["mount", "-o", "remount,size=10m", str(disk)], check=True)
        bring(source, disk / "data", OneLabel("spine"))
        bring(source, tmp_path / "undisturbed" / "data", OneLabel("spine"))
        assert content(disk / "data") == content(tmp_path / "undisturbed" / "data")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_that_cannot_be_read_is_refused_and_the_next_one_taken(source: Path, data: Path) -> None:
    (source / "spine" / "broken").symlink_to("/proc/self/mem")  # a file whose first byte is an I/O error
    account = bring(source, data)
    assert (account.imported["spine"], account.refused) == (3, {Reason.UNREADABLE: 1})


def test_a_source_that_goes_away_is_an_error_and_the_next_run_continues(
    source: Path, data: Path, expected: dict[str, bytes]
) -> None:
    elsewhere = source.with_name("elsewhere")

    def unplugged(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            yield outcome
            if source.exists():
                source.rename(elsewhere)

    with pytest.raises(DataError, match="the source went away"):
        start(source, data, unplugged)
    assert not (data / "labels.csv").exists()
    elsewhere.rename(source)
    start(source, data, unwatched)
    assert content(data) == expected


def start(source: Path, data: Path, progress: object) -> Account:
    request = Request(source, FolderLabels(source), "north", "internal", data)
    return import_films(request, Pseudonyms(KEY), progress)  # type: ignore[arg-type]


def test_what_a_power_cut_may_have_left_half_written_is_written_again(
    source: Path, data: Path, expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(source, data)
    film = next(data.rglob("*.dcm"))
    film.write_bytes(b"")
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr("dicom_router.dataset.importing.resuming.BOOT", tmp_path / "boot")
    bring(source, data)
    assert BOOT.exists() or not film.exists()
    assert content(data) == expected


def interrupt(source: Path, data: Path) -> None:
    """Break an import off before its end."""

    def broken_off(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        yield from outcomes
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(source, data, broken_off)


def test_films_that_the_next_import_does_not_find_any_more_do_not_stay(source: Path, data: Path) -> None:
    dicom(source / "spine" / "withdrawn", 9)
    interrupt(source, data)
    assert len(list(data.rglob("*.dcm"))) == 4
    (source / "spine" / "withdrawn").unlink()
    start(source, data, unwatched)
    assert len(list(data.rglob("*.dcm"))) == 3


def test_files_that_no_import_wrote_stay(source: Path, data: Path) -> None:
    mine = [data / "images" / "mine.dcm", data / "images" / "north" / "ab" / f"ab{'0' * 18}.dcm"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        os.utime(path, (1e9, 1e9))
    interrupt(source, data)
    start(source, data, unwatched)
    assert all(path.exists() for path in mine)


def test_two_imports_at_once_are_one_too_many(source: Path, data: Path, expected: dict[str, bytes]) -> None:
    with Ledger(data.parent / "private" / "ledger.sqlite") as ledger:
        ledger.hold()
        with pytest.raises(DataError, match="another import is under way"):
            bring(source, data)
    bring(source, data)
    assert content(data) == expected
