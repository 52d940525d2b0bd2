"""The light install: what pyproject.toml names without extras is enough to classify a film."""

import json
import subprocess
import tomllib
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from conftest import ROOT
from model.films import write_film
from model.made_up import band_pixels
from packaging.requirements import Requirement

from dicom_router.cli import COMMANDS

MAIN = "from dicom_router.cli import main; main()"
HEAVY = ("dvc", "mlflow", "pandas", "prefect", "pyarrow", "pydantic", "scipy", "sklearn", "torch")


def needed(requirements: list[str], seen: set[str]) -> Iterator[Distribution]:
    """Yield the distributions of ``requirements`` and of what they require, extras left out."""
    for requirement in map(Requirement, requirements):
        name = requirement.name.lower().replace("_", "-")
        if name in seen or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        found = distribution(name)
        yield found
        yield from needed(found.requires or [], seen)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with the package and what it requires, linked, and nothing else."""
    folder = tmp_path_factory.mktemp("light")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for each in needed(project["dependencies"], set()):
        for name in {file.parts[0] for file in each.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            (site / name).symlink_to(Path(str(each.locate_file(name))))
    (site / "dicom_router").symlink_to(ROOT / "src" / "dicom_router")
    return folder / "bin" / "python"


def run(python: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([python, "-I", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_it_holds_nothing_heavy(python: Path) -> None:
    code = f"import importlib.util; print([name for name in {HEAVY} if importlib.util.find_spec(name)])"
    assert run(python, "-c", code).stdout == "[]\n"


def test_it_classifies_a_film(python: Path, shared_model: Path, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.dcm", band_pixels(3), synthetic=True)
    done = run(python, "-c", MAIN, "classify", "--model", shared_model, "--format", "jsonl", film)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == "spine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "parquet", "--output", "results"), "pip install '.[parquet]'"),
        (("--model", "models:/dicom-router@champion"), "pip install '.[platform]'"),
    ],
)
def test_it_says_which_extra_is_missing(
    python: Path, shared_model: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run(python, "-c", MAIN, "classify", "--model", shared_model, *arguments, tmp_path / "film.dcm")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_or_says_what_to_install(python: Path, name: str) -> None:
    done = run(python, "-c", MAIN, name, "--help")
    assert (done.returncode == 0) != ("pip install '.[train]'" in done.stderr)
    assert "Traceback" not in done.stderr
