"""Every command that a document shows is run, in order, as it stands there."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from small_project import SMALL, copy_project, environment, set_params

from dicom_router.labels import CLASSES

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    if BLOCK.search(path.read_text(encoding="utf-8"))
)
# Run by .ci/run, or by whoever reads: not inside a test.
BY_CI = ("make demo", "make test", "make bench", "make check")
BY_HAND = ("source .venv/bin/activate",)
# What stands for a user's own folders and sizes.
STAND_INS = {
    "/export": "export",
    "--images 16093": "",
    "dicom-router sample": "dicom-router sample --images 24 --jobs 1",
}


def commands(document: str) -> list[str]:
    """Return the lines of the shell blocks of ``document``, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [line for block in BLOCK.findall(text) for line in block.splitlines() if line.strip()]


def runnable(line: str) -> str:
    """Return ``line`` for the test's folder."""
    for shown, used in STAND_INS.items():
        line = line.replace(shown, used)
    return line


def write_export(folder: Path) -> None:
    """Write what a hospital might hand over: films in folders by class, a table, one folder of spines."""
    random = np.random.default_rng(0)
    rows = ["path,label,patient_id"]
    for group in ("bodyparts", "other-town", "mixed", "scoliosis"):
        for number in range(30):
            label = CLASSES[number % len(CLASSES)]
            path = folder / group / ("spine" if group == "scoliosis" else label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (140, 140), dtype=np.uint8)).save(path)
            if group == "mixed":
                rows.append(f"{path.relative_to(folder / group)},{label},{number}")
    (folder / "mixed/labels.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_document_run(document: str, tmp_path: Path) -> None:
    lines = [line for line in commands(document) if not line.startswith((*BY_CI, *BY_HAND))]
    if not lines:
        pytest.skip("CI runs its commands")
    copy_project(tmp_path)
    shutil.copy(ROOT / "data.dvc", tmp_path)
    set_params(tmp_path, {**SMALL, "train": {**SMALL["train"], "epochs": 1}})
    write_export(tmp_path / "export")
    script = "\n".join(
        ["set -eu", "git init --quiet", "git add .", "git commit --quiet --message start", *map(runnable, lines)]
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_only_ci_runs_is_in_its_script(document: str) -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    shown = {" ".join(line.split()[:2]) for line in commands(document) if line.startswith("make ")}
    assert {target for target in shown if target not in script} <= {"make bench"}


def test_every_command_stands_in_a_document() -> None:
    from dicom_router.cli import COMMANDS, dataset

    names = [*COMMANDS, *(f"dataset {name}" for name in dataset.COMMANDS)]
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
