"""Cells: whatever a function does to its process, it costs one item; what is left is nobody's surprise."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path

import deadly
import pytest
from conftest import ROOT

from dicom_router import cells
from dicom_router.cells import Lost, map_in_cells, workers_for
from dicom_router.reasons import Reason

MIB = 1 << 20


def run(items: list[str], workers: int = 2, timeout: float = 60.0) -> list[str | Lost]:
    return list(map_in_cells(deadly.act, items, workers=workers, timeout=timeout, memory=64 * MIB))


def is_alive(pid: int) -> bool:
    """Tell whether ``pid`` runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_dead(pids: list[int], seconds: float = 60.0) -> list[int]:
    """Return those of ``pids`` that still run after ``seconds``."""
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_alive(pid)]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(map_in_cells(deadly.echo, range(500), workers=workers, timeout=60)) == list(range(500))


def test_no_items_start_no_process_and_give_nothing() -> None:
    assert list(map_in_cells(deadly.echo, [], workers=2, timeout=60)) == []


def test_the_processes_are_others_and_stay() -> None:
    pids = set(map_in_cells(deadly.process_of, range(100), workers=2, timeout=60))
    assert os.getpid() not in pids
    assert len(pids) <= 2


@pytest.mark.parametrize("deed", ["segfault", "exit", "abort"])
def test_a_crash_costs_the_item_that_crashed(deed: str) -> None:
    items = [f"{number}" for number in range(20)]
    items[3] = deed
    expected = [*items[:3], Lost(Reason.DECODER_CRASHED, Reason.DECODER_CRASHED.meaning), *items[4:]]
    assert run(items) == expected


@pytest.mark.parametrize("deed", ["allocate", "fill memory"])
def test_more_memory_than_allowed_costs_the_item(deed: str) -> None:
    assert run(["a", deed, "b"]) == ["a", Lost(Reason.TOO_LARGE, "to read it takes more than 64 MiB"), "b"]


@pytest.mark.parametrize("deed", ["hang", "burn"])
def test_a_hang_costs_the_item_that_hung(deed: str) -> None:
    lost = Lost(Reason.DECODER_TIMEOUT, "the decoder did not finish within 0.5 seconds")
    assert run(["a", deed, "b", "c"], workers=1, timeout=0.5) == ["a", lost, "b", "c"]


def test_items_of_every_kind_of_death_are_told_apart() -> None:
    items = ["segfault", "a", "allocate", "exit", "hang", "b", "abort"]
    found = [outcome if isinstance(outcome, str) else outcome.reason for outcome in run(items, timeout=1)]
    crashed, late = Reason.DECODER_CRASHED, Reason.DECODER_TIMEOUT
    assert found == [crashed, "a", Reason.TOO_LARGE, crashed, late, "b", crashed]


def test_a_process_that_somebody_ended_once_costs_nothing(tmp_path: Path) -> None:
    items = [(tmp_path / "mark", name) for name in ("a", "victim", "b")]
    assert list(map_in_cells(deadly.crash_once, items, workers=1, timeout=60)) == ["a", "victim", "b"]


@pytest.mark.parametrize("deed", ["segfault", "exit"])
def test_a_process_that_dies_once_while_it_starts_costs_nothing(tmp_path: Path, deed: str) -> None:
    function = partial(deadly.pair, deadly.Lethal(deed, tmp_path / "mark"))
    assert list(map_in_cells(function, ["a", "b"], workers=1, timeout=60)) == ["a", "b"]


def test_processes_that_always_die_while_they_start_are_an_error() -> None:
    with pytest.raises(RuntimeError, match=f"could not be started; it died of signal {signal.SIGSEGV}"):
        list(map_in_cells(partial(deadly.pair, deadly.Lethal("segfault")), ["a"], workers=1, timeout=60))


@pytest.mark.parametrize("item", [b"a", bytes(3 * MIB)])  # the second is more than a socket holds
def test_processes_that_never_get_ready_are_an_error(item: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "READY_WITHIN", 0.5)
    with pytest.raises(TimeoutError, match=r"was not ready within 0\.5 seconds, 3 times in a row"):
        list(map_in_cells(partial(deadly.pair, deadly.Lethal("hang")), [item], workers=1, timeout=60))


def test_a_process_that_hangs_once_while_it_starts_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "READY_WITHIN", 3.0)
    function = partial(deadly.pair, deadly.Lethal("hang", tmp_path / "mark"))
    assert list(map_in_cells(function, ["a", "b"], workers=1, timeout=60)) == ["a", "b"]


def test_what_a_process_prepares_is_no_items_time_and_is_done_once(tmp_path: Path) -> None:
    prepare = partial(deadly.note_and_rest, tmp_path, 1.5)
    assert list(map_in_cells(deadly.echo, range(20), workers=1, timeout=0.5, prepare=prepare)) == list(range(20))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_prepared_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_in_cells(deadly.echo, ["a"], workers=1, timeout=60, prepare=deadly.divide))


def test_what_a_library_prints_does_not_stand_among_results(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(map_in_cells(deadly.print_to_standard_output, ["a"], workers=1, timeout=60)) == ["a"]
    assert capfd.readouterr() == ("", "a library's remark\n")


def test_fewer_items_are_drawn_where_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "HELD", 2 * MIB)
    drawn: list[int] = []

    def items() -> Iterator[bytes]:
        for number in range(20):
            drawn.append(number)
            yield bytes([number]) * MIB

    outcomes = map_in_cells(deadly.first_byte, items(), workers=1, timeout=60)
    assert next(outcomes) == 0 and len(drawn) <= 3
    assert list(outcomes) == list(range(1, 20))


def test_what_the_function_raises_is_raised_when_its_turn_comes() -> None:
    outcomes = map_in_cells(deadly.act, ["a", "raise", "b"], workers=2, timeout=60)
    assert next(outcomes) == "a"
    with pytest.raises(ZeroDivisionError) as caught:
        next(outcomes)
    assert "deadly.py" in caught.value.__notes__[0]


def test_an_exception_that_does_not_pickle_is_raised_by_its_words() -> None:
    with pytest.raises(RuntimeError, match="Unpicklable: one"):
        run(["raise unpicklable"])


def test_a_function_that_no_process_can_import_is_an_error() -> None:
    with pytest.raises((AttributeError, TypeError), match=r"pickle|lambda"):
        list(map_in_cells(lambda item: item, [1], workers=1, timeout=60))


def test_items_are_drawn_as_results_are_taken() -> None:
    drawn = count()
    outcomes = map_in_cells(deadly.echo, drawn, workers=1, timeout=60)
    assert list(islice(outcomes, 300)) == list(range(300))
    assert next(drawn) <= 300 + cells.WINDOW
    outcomes.close()


def test_items_and_results_larger_than_a_socket_pass() -> None:
    items = [bytes([number]) * 3 * MIB for number in range(6)]
    assert list(map_in_cells(deadly.echo, items, workers=2, timeout=60)) == items


def test_a_slow_consumer_makes_no_item_late() -> None:
    outcomes = map_in_cells(deadly.echo, range(40), workers=2, timeout=0.5)
    first = next(outcomes)
    time.sleep(1.5)
    assert [first, *outcomes] == list(range(40))


def test_the_caller_may_have_threads() -> None:
    found: list[list[int]] = [[], []]

    def work(place: int) -> None:
        found[place] = list(map_in_cells(deadly.echo, range(50), workers=1, timeout=60))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [list(range(50))] * 2


@pytest.mark.parametrize("leave", ["close", "error"])
def test_no_process_is_left_when_the_iteration_ends_early(leave: str) -> None:
    def items() -> Iterator[int]:
        yield from range(cells.WINDOW)
        raise KeyboardInterrupt

    outcomes = map_in_cells(deadly.process_of, items(), workers=1, timeout=60)
    pid = next(outcomes)
    assert isinstance(pid, int)
    if leave == "close":
        outcomes.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            list(outcomes)
    assert not is_alive(pid)


MAIN = """
import sys
from functools import partial
from pathlib import Path
import deadly
from dicom_router.cells import map_in_cells
folder = Path(sys.argv[2])
list(map_in_cells(getattr(deadly, sys.argv[1]), [folder, folder], workers=2, timeout=float(sys.argv[3])))
"""


def start_and_wait_for_cells(folder: Path, function: str, timeout: float) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start a process with two cells that have begun, and return it with their ids."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    command = [sys.executable, "-c", MAIN, function, str(folder), str(timeout)]
    parent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2:
        assert time.monotonic() < deadline, "the cells did not start"
        time.sleep(0.05)
    return parent, [int(file.name) for file in folder.iterdir()]


@pytest.mark.parametrize(
    ("function", "sent"),
    [
        ("note_and_hang", signal.SIGKILL),
        ("note_and_hang", signal.SIGTERM),
        ("note_and_hang", signal.SIGINT),
        ("note_and_burn", signal.SIGKILL),  # no thread of theirs can see that the parent is gone
    ],
)
def test_a_parent_that_is_ended_leaves_no_orphans(tmp_path: Path, function: str, sent: signal.Signals) -> None:
    parent, pids = start_and_wait_for_cells(tmp_path, function, 1.0 if function == "note_and_burn" else 600.0)
    os.killpg(parent.pid, sent) if sent == signal.SIGINT else parent.send_signal(sent)
    parent.wait(30)
    assert wait_until_dead(pids) == []


def test_jobs_below_one_are_one_for_each_core() -> None:
    assert (workers_for(3), workers_for(-1), workers_for(0)) == (3, *[len(os.sched_getaffinity(0))] * 2)


def test_a_partial_is_a_function() -> None:
    assert list(map_in_cells(partial(max, 5), [3, 7], workers=1, timeout=60)) == [5, 7]


def test_another_copy_of_the_package_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dicom_router").mkdir()
    (tmp_path / "dicom_router" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(map_in_cells(deadly.echo, range(3), workers=1, timeout=60)) == [0, 1, 2]
