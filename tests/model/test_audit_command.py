"""``dicom-router audit``."""

import stat
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from model.films import write_film
from model.made_up import band_pixels

from dicom_router.cli.audit import command
from dicom_router.cli.classify import SOME_UNREADABLE


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return films of which two say something else than they show, one of them in a ZIP archive, and a text."""
    folder = tmp_path_factory.mktemp("archive")
    write_film(folder / "right", band_pixels(3), synthetic=True, BodyPartExamined="SPINE")
    write_film(folder / "wrong", band_pixels(3), synthetic=True, BodyPartExamined="HAND")
    write_film(folder / "film", band_pixels(0), synthetic=True, BodyPartExamined="SKULL")
    with zipfile.ZipFile(folder / "zipped.zip", "w") as archive:
        archive.write(folder / "film", "inner")
    (folder / "film").unlink()
    (folder / "notes.txt").write_text("no film")
    return folder


@pytest.fixture(scope="module")
def audited(shared_model: Path, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("out") / "audit"
    arguments = ["--model", str(shared_model), "--output", str(out), "--workers", "1", str(archive)]
    return CliRunner().invoke(command, arguments), out


def test_the_account_adds_up_and_the_exit_code_tells(audited: tuple[Result, Path]) -> None:
    result, _ = audited
    assert result.exit_code == SOME_UNREADABLE
    assert "4 files seen = 3 read + 1 not_dicom" in result.output
    assert "2 films contradict their header (2 its body part, 0 its age)" in result.output


def test_the_table_lists_what_contradicts(audited: tuple[Result, Path]) -> None:
    table = pd.read_csv(audited[1] / "contradictions.csv").set_index("path")
    assert {Path(path).name: row["shows"] for path, row in table.iterrows()} == {"wrong": "spine", "inner": "abdomen"}
    assert set(table["header_allows"]) == {"other"}


def test_the_matrix_holds_every_film(audited: tuple[Result, Path]) -> None:
    matrix = pd.read_csv(audited[1] / "agreement.csv")
    films = matrix[matrix["films"] == "all"].groupby("about")["n"].sum()
    assert films.to_dict() == {"body part": 3}  # none shows a chest, of which an age would say something


def test_the_page_shows_the_films_those_in_archives_too_and_needs_nothing_else(audited: tuple[Result, Path]) -> None:
    page = (audited[1] / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "zipped.zip!/inner" in page and "Synthetic model" in page
    assert "http://" not in page and "https://" not in page


def test_the_folder_is_for_its_owner_and_git_ignores_it(audited: tuple[Result, Path]) -> None:
    assert stat.S_IMODE(audited[1].stat().st_mode) == 0o700
    assert (audited[1] / ".gitignore").read_text() == "*\n"


WRITTEN = {"index.html", "contradictions.csv", "agreement.csv"}


@pytest.fixture
def given(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which a command is called: one film in a folder whose name ends as an archive's would."""
    (tmp_path / "exp!").mkdir()
    (tmp_path / "exp!" / "wrong").write_bytes((archive / "wrong").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(model: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--model", str(model), "--workers", "1", *arguments])


def test_an_audit_does_not_audit_itself_and_its_files_are_for_their_owner(shared_model: Path, given: Path) -> None:
    (given / "audit").mkdir(mode=0o755)
    for name in WRITTEN:
        (given / "audit" / name).touch(mode=0o644)
    done = run(shared_model, ".")
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "1 files seen = 1 read")
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in (given / "audit").iterdir()} == dict.fromkeys(
        WRITTEN, 0o600
    )
    assert (given / "audit" / "index.html").read_text().count("data:image/png;base64,") == 1


def test_a_folder_that_takes_no_file_is_refused_before_a_film_is_read(shared_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(shared_model, "--output", "/proc/self/task", str(tmp_path / "empty"))
    assert isinstance(done.exception, OSError)


def test_an_audit_in_vain_leaves_no_folder(shared_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run(shared_model, "--output", str(tmp_path / "audit"), str(tmp_path / "empty"))
    assert "no file lies below" in str(done.exception) and not (tmp_path / "audit").exists()


def test_an_existing_folder_keeps_its_own_rules(shared_model: Path, archive: Path, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    arguments = ["--model", str(shared_model), "--output", str(tmp_path), "--show", "0", str(archive / "right")]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
