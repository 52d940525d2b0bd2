"""Runs that are killed, and runs that meet."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import deadly
import pytest
from conftest import ROOT
from monitoring.conftest import Asking
from monitoring.delivering import KEY, SITE, adds_up, deliver_many, rows, run
from small_project import environment, set_params

from dicom_router.monitoring import delivered
from dicom_router.reasons import Reason
from dicom_router.walking import Found


def test_killed_at_any_statement_a_run_is_completed_by_the_next_with_nothing_lost_or_doubled(
    tmp_path: Path, good: Path, blind: Path
) -> None:
    models = [str(project / "artifacts/model") for project in (good, blind)]
    command = [sys.executable, "-m", "monitoring.killed_runs", str(tmp_path), *models]
    variables = {**environment(), "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["statements"] > 20 and report["rows"] == 12 + 11
    assert report["wrong"] == []


def test_two_runs_at_once_add_each_film_once(tmp_path: Path, inbox: Path, good: Path) -> None:
    deliver_many(inbox, 70)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    set_params(tmp_path, {"monitoring": {"quiet_seconds": 0, "jobs": 0}})
    command = ["dicom-router", "rescore", "--model", str(good / "artifacts/model")]
    log = {"DICOM_ROUTER_PREDICTION_LOG": f"sqlite:///{tmp_path}/log.sqlite", "DICOM_ROUTER_PSEUDONYM_KEY": KEY}
    both = [
        subprocess.Popen(command, cwd=tmp_path, env={**environment(), **log}, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    counts = [{name: int(n) for name, n in re.findall(r"^(scored|known) +(\d+)", text, re.M)} for text in printed]
    assert sum(count["scored"] for count in counts) == 70
    assert all(count["scored"] + count["known"] == 70 for count in counts)
    assert len(rows(tmp_path)) == len(rows(tmp_path, "image", "embeddings")) == 70


class Lethal(Found):
    """What no process can be given without dying."""

    def __reduce__(self) -> tuple[object, ...]:
        return deadly.act, ("segfault",)


def test_a_film_that_kills_its_reader_is_a_row_and_the_others_are_scored(
    tmp_path: Path, inbox: Path, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = deliver_many(inbox, 3)
    real = delivered.find
    monkeypatch.setattr(
        delivered, "find", lambda paths: (Lethal(each.path) if each.path == films[1] else each for each in real(paths))
    )
    account = run(asking(jobs=1))
    assert dict(account.quarantined) == {Reason.DECODER_CRASHED: 1} and account.scored == 2 and adds_up(account)
    assert len(rows(tmp_path)) == 3 and SITE == "north"
