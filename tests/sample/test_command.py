"""The command ``dicom-router sample``."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dicom_router.cli.sample import command
from dicom_router.errors import MixedOrigin
from dicom_router.labels import CLASSES


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(part) for part in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_account_says_how_many_films_of_which_class_and_that_they_are_synthetic(tmp_path: Path) -> None:
    account = _run(tmp_path / "data", "--images", 8, "--jobs", 1)
    assert account.startswith("8 SYNTHETIC radiographs")
    assert all(name in account for name in CLASSES)


def test_second_run_makes_nothing(tmp_path: Path) -> None:
    _run(tmp_path / "data", "--images", 3, "--jobs", 1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert "holds this sample already" in _run(tmp_path / "data", "--images", 3, "--jobs", 1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_real_films_are_left_alone(tmp_path: Path) -> None:
    text = '{"synthetic": false, "description": "real", "pseudonym_key_fingerprint": "x"}'
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(MixedOrigin):
        _run(tmp_path, "--images", 3)


@pytest.mark.parametrize("arguments", [("--images", 0), ("--seed", -1), ("--images", "many")])
def test_wrong_option_is_refused_with_what_is_accepted(tmp_path: Path, arguments: tuple[object, ...]) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "data"), *map(str, arguments)])
    assert result.exit_code == 2
    assert "Invalid value" in result.output
