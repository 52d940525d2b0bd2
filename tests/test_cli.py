"""The command itself: help, version, errors."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from conftest import ROOT

from dicom_router.cli import COMMANDS, dataset, group, predictions


def test_help_lists_every_command_without_importing_one() -> None:
    code = (
        "import sys; from dicom_router.cli import group;"
        "group.main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in COMMANDS)
    assert not any(f"'{module}'" in shown for module in ("numpy", "pandas", "pydicom", "torch"))


def test_every_command_explains_itself() -> None:
    groups = {"dataset": dataset.COMMANDS, "predictions": predictions.COMMANDS}
    nested = [[group_name, name] for group_name, names in groups.items() for name in names]
    for words in [*([name] for name in COMMANDS), *nested]:
        result = CliRunner().invoke(group, [*words, "--help"])
        assert result.exit_code == 0, result.output
        assert len(result.output.splitlines()) > 3


def test_a_users_mistake_is_one_message_and_exit_code_one(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from dicom_router.cli import main; main()", "summary"],
        cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.startswith("dicom-router: artifacts/validation.json is missing; run `dvc repro`")
    assert "Traceback" not in run.stderr


def test_what_the_system_refuses_is_one_message_too(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [sys.executable, "-c", "from dicom_router.cli import main; main()", "sample", str(tmp_path / "file/below")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("dicom-router: ") and "Traceback" not in ended.stderr
    assert str(tmp_path / "file") in ended.stderr
