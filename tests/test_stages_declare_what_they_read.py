"""DVC does not follow imports: dvc.yaml must name every module, file and parameter that a stage reads."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from dicom_router.params import Params

SRC = ROOT / "src"
STAGES: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
# Templates and tables that a package reads beside its modules.
DATA_FILES = (".jinja", ".css", ".csv", ".json")


def module_file(name: str) -> Path | None:
    path = SRC / name.replace(".", "/")
    if path.with_suffix(".py").is_file():
        return path.with_suffix(".py")
    return path / "__init__.py" if (path / "__init__.py").is_file() else None


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def files_of(name: str) -> frozenset[Path]:
    """Return the files of module ``name`` and of all it imports from this package."""
    found: set[Path] = set()
    waiting = [name]
    while waiting:
        path = module_file(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting.extend(name for name in imported(path) if name.startswith("dicom_router"))
        if path.name == "__init__.py":
            continue
        found.update(file for file in path.parent.glob("*") if file.suffix in DATA_FILES)
    # A package's docstring is no dependency; a package that holds code is.
    return frozenset(file for file in found if not is_docstring_only(file))


def is_docstring_only(path: Path) -> bool:
    if path.suffix != ".py":
        return False
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) or "__version__" in ast.dump(node) for node in body)


def wanted(stage: str) -> list[str]:
    """Return the source deps of ``stage``: a folder of which it needs more than half the files stands for them."""
    needed = files_of(f"dicom_router.stages.{stage}")
    deps = {folder if is_mostly(needed, folder) else file for file in needed for folder in [file.parent]}
    return sorted(str(path.relative_to(ROOT)) for path in deps)


def is_mostly(needed: frozenset[Path], folder: Path) -> bool:
    """Tell whether ``folder`` holds no folder of its own and mostly files in ``needed``."""
    entries = [entry for entry in folder.iterdir() if entry.name not in ("__pycache__", "__init__.py")]
    return not any(entry.is_dir() for entry in entries) and 2 * len(needed.intersection(entries)) > len(entries)


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_every_module_the_stage_imports_and_no_other(stage: str) -> None:
    lines = "\n".join(f"      - {path}" for path in wanted(stage))
    declared = [dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")]
    assert declared == wanted(stage), f"in dvc.yaml, the source deps of {stage} must be:\n{lines}"


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_runs_the_module_of_the_stages_name(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"PYTHONPATH=src python -m dicom_router.stages.{stage}"


def sections_read(stage: str) -> set[str]:
    """Return the sections of params.yaml that the stage's own module reads."""
    tree = ast.parse((SRC / f"dicom_router/stages/{stage}.py").read_text(encoding="utf-8"))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "params"
    }


@pytest.mark.parametrize("stage", STAGES)
def test_params_name_every_section_the_stage_reads(stage: str) -> None:
    named = {name.split(".")[0] for name in STAGES[stage].get("params", [])}
    assert named == sections_read(stage)


def test_every_section_of_the_parameters_is_read_by_a_stage_but_those_of_what_no_stage_does() -> None:
    read = set().union(*(sections_read(stage) for stage in STAGES))
    assert read == set(Params.model_fields) - {"gate", "monitoring"}


def test_every_parameter_is_used() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SRC.rglob("*.py") if path.name != "params.py")
    unused = [
        f"{section}.{name}"
        for section, field in Params.model_fields.items()
        for name in field.annotation.model_fields  # type: ignore[union-attr]
        if f".{name}" not in source
    ]
    assert unused == []
