"""What travels with a version is the code that made it."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from mlflow import MlflowClient
from registry.registered import record_and_register

from dicom_router.errors import RegistryError
from dicom_router.registry.packing import SERVED, copy_code


@pytest.fixture
def own_code(project: Path) -> Path:
    """Return a project with code of its own."""
    (project / "src").unlink()
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return project


def test_it_is_the_projects_and_not_that_which_runs(client: MlflowClient, own_code: Path, tmp_path: Path) -> None:
    for name in (SERVED, Path("src/dicom_router/model/rows.py")):
        (own_code / name).write_text((own_code / name).read_text() + "# of that commit\n")
    recorded, _ = record_and_register(own_code)
    for name in ("served.py", "code/dicom_router/model/rows.py"):
        found = Path(client.download_artifacts(recorded.run_id, f"model/{name}", str(tmp_path)))
        assert found.read_text().endswith("# of that commit\n")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("src/dicom_router/claims.py", r"served\.py imports dicom_router\.claims, which .* does not have: commit"),
        (str(SERVED), r"served\.py is missing: this commit cannot be registered"),
    ],
)
def test_what_is_missing_is_named(own_code: Path, tmp_path: Path, gone: str, said: str) -> None:
    (own_code / gone).unlink()
    with pytest.raises(RegistryError, match=said):
        copy_code(own_code, tmp_path / "code")
