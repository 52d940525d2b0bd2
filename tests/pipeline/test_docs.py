"""Every command that a document shows is run, in order, as it stands there."""

import re
from pathlib import Path

import pytest
from conftest import ROOT
from documents import (
    BY_PLATFORM,
    CLASSIFYING,
    DOCUMENTS,
    IMPORTING,
    LEADERBOARD,
    MONITORING,
    ON_A_MODEL,
    PLATFORM,
    REGISTERING,
    commands,
    own_commands,
    run_document,
    scoring_commands,
)

# other tests run their commands
ELSEWHERE = (CLASSIFYING, IMPORTING, LEADERBOARD, MONITORING, ON_A_MODEL, PLATFORM, REGISTERING)


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name not in ELSEWHERE])
def test_the_commands_of_a_document_run(document: str, tmp_path: Path) -> None:
    if not own_commands(document):
        pytest.skip("CI runs its commands")
    ran = run_document(document, tmp_path)
    assert ran.code == 0, f"{ran.script}\n{ran.printed}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_only_ci_runs_is_in_its_script(document: str) -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    shown = {" ".join(line.split()[:2]) for line in commands(document) if line.startswith("make ")}
    assert {target for target in shown if target not in script} <= {"make bench", *BY_PLATFORM}


def test_the_document_of_the_platform_shows_what_tests_of_the_platform_run() -> None:
    run = {bare(line) for block in scoring_commands() for line in block}
    assert {bare(line) for line in commands(PLATFORM)} <= {*run, "make status"}


def bare(line: str) -> str:
    """Return a command without its comment."""
    return line.partition("#")[0].strip()


def test_every_command_stands_in_a_document() -> None:
    from dicom_router.cli import COMMANDS, dataset, predictions

    names = [*COMMANDS, *(f"dataset {name}" for name in dataset.COMMANDS)]
    names += [f"predictions {name}" for name in predictions.COMMANDS]
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    assert [name for name in names if f"dicom-router {name}" not in text] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{path.name}: {target}"
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []
