"""The documents' commands, run in a project of their own, over what stands for a hospital's export."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT
from PIL import Image
from planting import plant, table
from small_project import SMALL, copy_project, environment, set_params

from dicom_router import cli
from dicom_router.labels import CLASSES

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    if BLOCK.search(path.read_text(encoding="utf-8"))
)
REGISTERING = "docs/registry.md"  # needs an MLflow server: tests/pipeline/test_registry_document.py runs it
IMPORTING = "docs/your-data.md"  # whose project is searched too: test_planted_identifiers.py runs it
PLATFORM = "docs/platform.md"  # shows what SCORING does
SCORING = ("README.md", "## From a run to a model that scores")  # tests/pipeline/orchestration run it
ON_A_MODEL = "docs/explaining.md"  # test_outputs.py runs it in a project that has one
LEADERBOARD = "docs/leaderboard.md"  # test_leaderboard.py runs it on films that are split
CLASSIFYING = "docs/classifying.md"  # needs a model and no pipeline: tests/model/test_classifying_document.py runs it
MONITORING = "docs/monitoring.md"  # likewise: tests/monitoring/test_document.py runs it
# Run by .ci/run, or by whoever reads: not inside a test.
BY_CI = ("make demo", "make test", "make bench", "make check")
# What goes on until it is stopped: tests of the platform and of the registry do the same.
BY_PLATFORM = ("make up", "make status", "make down", "prefect ", "mlflow models serve", "curl ")
BY_HAND = ("source .venv/bin/activate",)
# What stands for a user's own folders and sizes.
STAND_INS = {
    "/export": "export",
    "~/Downloads": "export",
    "--images 16093": "",
    "dicom-router sample": "dicom-router sample --images 24 --jobs 1",
    "dicom-router rescore": "dicom-router rescore --model model --allow-synthetic-model",  # no server, and a small one
    "dicom-router drift": "dicom-router drift --model model",
    "dicom-router promote 1": "dicom-router promote 1 --despite-gate",  # so few films pass no gate
    "dicom-router leaderboard": "dicom-router leaderboard --set train.epochs=1 --set preprocess.image_size=64",
    "--networks all": "--networks test_efficientnet",
    "--seeds 3": "--seeds 1",
    "--networks paper,convnext_atto": "--networks test_efficientnet",
    "dicom-router dataset check-labels": "dicom-router dataset check-labels --folds 2",
}


def commands(document: str) -> list[str]:
    """Return the lines of the shell blocks of ``document``, in order."""
    return _lines((ROOT / document).read_text(encoding="utf-8"))


def scoring_commands() -> tuple[list[str], list[str]]:
    """Return the lines of ``SCORING``, before a person promotes and after."""
    before, after = BLOCK.findall(_section(*SCORING))
    return before.splitlines(), after.splitlines()


def _section(document: str, heading: str) -> str:
    """Return the text below a heading, to the next one or the end."""
    _, found, below = (ROOT / document).read_text(encoding="utf-8").partition(f"\n{heading}\n")
    assert found
    return below.partition("\n## ")[0]


def _lines(text: str) -> list[str]:
    return [line for block in BLOCK.findall(text) for line in block.splitlines() if line.strip()]


def runnable(line: str) -> str:
    """Return ``line`` for the test's folder."""
    for shown, used in STAND_INS.items():
        line = line.replace(shown, used)
    return line


def write_export(folder: Path, *, planted: bool) -> None:
    """Write what a hospital might hand over: films in folders by class, a table, one folder of spines.

    With ``planted``, three of them hold a patient's name and number wherever there is room, and damaged files.
    """
    random = np.random.default_rng(0)
    plain: dict[str, str] = {}
    for group in ("bodyparts", "other-town", "mixed", "scoliosis"):
        for number in range(30):
            label = CLASSES[number % len(CLASSES)]
            path = folder / group / ("spine" if group == "scoliosis" else label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (140, 140), dtype=np.uint8)).save(path)
            if group == "mixed":
                plain[path.relative_to(folder / group).as_posix()] = label
    listed: list[Path] = []
    if planted:
        list(plant(folder / "bodyparts", "spine", seed=0))
        list(plant(folder / "other-town", "other", seed=100))
        listed = list(plant(folder / "mixed", "films", seed=200))
    (folder / "corrections.csv").write_text("path,label\n")
    (folder / "mixed/labels.csv").write_text(table(folder / "mixed", listed, plain, "abdomen"), encoding="utf-8")


@dataclass(frozen=True)
class Ran:
    """What running a document left behind: its project's folder, and what was printed."""

    folder: Path
    script: str
    code: int
    printed: str


def own_commands(document: str) -> list[str]:
    """Return the commands of ``document`` that neither CI, nor a test of the platform, nor a person runs."""
    text = (ROOT / document).read_text(encoding="utf-8")
    if document == SCORING[0]:
        text = text.replace(_section(*SCORING), "")
    return [line for line in _lines(text) if not line.startswith((*BY_CI, *BY_PLATFORM, *BY_HAND))]


def run_document(document: str, folder: Path) -> Ran:
    """Run the commands of ``document`` in a copy of the project in ``folder``."""
    copy_project(folder)
    shutil.copy(ROOT / "data.dvc", folder)
    set_params(folder, {**SMALL, "train": {**SMALL["train"], "epochs": 1}})
    write_export(folder / "export", planted=document == IMPORTING)
    start = ["git init --quiet", "echo /export > .git/info/exclude"]  # which lies elsewhere in real life
    start += ["git add .", "git commit --quiet --message start"]
    return run_script(folder, [*start, *map(runnable, own_commands(document))])


def run_here(folder: Path, lines: Sequence[str], **variables: str) -> Ran:
    """Run ``lines`` in ``folder``, each by itself: our own command in this process, which has imported MLflow once."""
    code, printed = 0, ""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in {**environment(), **variables}.items():
            patch.setenv(name, value)
        for line in lines:
            if code == 0:
                code, said = _run_line(folder, line, variables)
                printed += said
    return Ran(folder, "\n".join(lines), code, printed)


def _run_line(folder: Path, line: str, variables: Mapping[str, str]) -> tuple[int, str]:
    if not line.startswith("dicom-router "):
        ran = run_script(folder, [line], **variables)
        return ran.code, ran.printed
    result = CliRunner().invoke(cli.group, shlex.split(line, comments=True)[1:])
    return result.exit_code, f"{result.output}{result.exception or ''}"


def run_script(folder: Path, lines: Iterable[str], **variables: str) -> Ran:
    """Run ``lines`` in ``folder``; the first that fails is the last."""
    script = "\n".join(["set -eu", *lines])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(folder, script, done.returncode, done.stdout + done.stderr)
