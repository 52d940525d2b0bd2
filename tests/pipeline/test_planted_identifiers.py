"""What a hospital's export says about a patient is nowhere after an import and a run of the pipeline.

The run is recorded in MLflow too, whose store is searched with the rest.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from documents import IMPORTING, Ran, run_document
from planting import FILES, IDENTIFIERS
from searching import search, search_text
from small_project import runner

from dicom_router.dataset.table import read_labels

# Beside the export itself, the one place where original names may stand: private, outside Git and DVC.
ALLOWED = ("private/", "work/import/refused-")
IMPORTS = 3  # of planted files


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return a project that holds an imported export, after the commands of docs/your-data.md."""
    ran = run_document(IMPORTING, tmp_path_factory.mktemp("imported"))
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{ran.folder}/mlflow.db"}  # with artifacts in ./mlruns
    run = runner(ran.folder)
    run("git", "checkout", "--quiet", "--", "dataset_changes.json")  # which the report does not show yet
    recorded = run("dicom-router", "record", **store)
    return replace(ran, printed=ran.printed + recorded.stdout + recorded.stderr)


def _inside(folder: Path, path: str) -> str:
    return Path(path).relative_to(folder).as_posix()


def test_the_commands_of_the_document_run(imported: Ran) -> None:
    assert imported.code == 0, f"{imported.script}\n{imported.printed}"


def test_no_identifier_is_left_anywhere_but_in_the_private_list(imported: Ran) -> None:
    found = search([imported.folder], IDENTIFIERS, skip=lambda path: imported.folder / "export" in path.parents)
    places = {_inside(imported.folder, one.path) for one in found}
    leaks = [one for one in found if not _inside(imported.folder, one.path).startswith(ALLOWED)]
    assert leaks == []
    assert any(place.startswith(ALLOWED) for place in places), "the search found nothing where something must be"


def test_no_identifier_is_printed(imported: Ran) -> None:
    assert search_text(imported.printed, IDENTIFIERS) == []


def test_the_planted_films_were_imported_and_went_through_the_pipeline(imported: Ran) -> None:
    labels = read_labels(imported.folder / "data")
    dicom = labels[labels["path"].str.endswith((".dcm", ".jpg"))]
    assert len(dicom) == IMPORTS * (len(FILES) - 1)  # all but the PNG, of which there are others
    assert set(imported.folder.glob("reports/*.json"))


@pytest.mark.parametrize(
    "store", ["data", "artifacts", "reports", "work/data_docs", ".dvc", ".git", "mlflow.db", "mlruns"]
)
def test_what_is_searched_is_there(imported: Ran, store: str) -> None:
    assert (imported.folder / store).exists()


def test_the_refused_files_are_in_the_account(imported: Ran) -> None:
    for reason in ("not_dicom", "truncated", "corrupt", "burned_in_text"):
        assert f"{reason}:" in imported.printed
