"""Nights of a site signed off as its reference, with what a person said of some of its films."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT
from monitoring.delivering import KEY, SITE, asked, deliver_many, run
from small_project import set_params

from dicom_router import cli
from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint
from dicom_router.errors import DataError, RouterError
from dicom_router.labels import CLASSES
from dicom_router.monitoring.drift.references import Commission
from dicom_router.monitoring.drift.reviewed import read_reviewed
from dicom_router.monitoring.log.nights import commissions
from dicom_router.monitoring.log.records import opened
from dicom_router.monitoring.settings import VARIABLE

FILMS = 60
YESTERDAY = str((datetime.now(UTC) - timedelta(days=1)).date())
LABELS = [CLASSES[number % len(CLASSES)] for number in range(FILMS)]


@pytest.fixture(scope="module")
def scored(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the log of sixty films of thirty studies, of a night some days ago."""
    folder = tmp_path_factory.mktemp("scored")
    deliver_many(folder / "inbox", FILMS)
    run(asked(folder, good / "artifacts/model"), timedelta(days=-3))
    return folder / "log.sqlite"


@pytest.fixture
def commission(scored: Path, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return the command, run over ``scored``."""
    shutil.copy(scored, tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    set_params(tmp_path, {"monitoring": {"drift": {"reference_studies": 30, "reviewed_films": 20}}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/log.sqlite")
    (tmp_path / "reviewed.csv").write_text(table(range(40)))

    def commission(*words: str, site: str = SITE, since: str = "2020-01-01", until: str = YESTERDAY) -> str:
        options = {"--since": since, "--until": until, "--because": "as usual", "--reviewed": "reviewed.csv"}
        options |= dict(zip(words[::2], words[1::2], strict=True))
        given = [word for pair in options.items() for word in pair]
        result = CliRunner().invoke(cli.group, ["commission", site, *given])
        if isinstance(result.exception, RouterError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return commission


def table(films: Any, wrong: int = 3) -> str:
    """Return a table of some films by their original UID, a few of them with another label than the model's."""
    rows = [f"1.2.3.{n},{'spine' if n % 5 == 0 and n < 5 * wrong else LABELS[n]}" for n in films]
    return "\n".join(["SOPInstanceUID,label", *rows, ""])


def test_what_was_signed_is_kept_with_who_why_and_the_agreement(
    commission: Callable[..., str], tmp_path: Path, version: str
) -> None:
    printed = commission()
    assert "37 of 40 reviewed films (92.5%; exact 95% interval 79.6% to 98.4%)" in printed
    assert "30 studies of 1 night, " in printed and "these are fewer nights than a week" in printed
    with opened(f"sqlite:///{tmp_path}/log.sqlite", fingerprint(KEY)) as log:
        (signed,) = [Commission.of(row) for row in commissions(log, SITE)]
    assert (signed.model, signed.studies, signed.reviewed, signed.agreed) == (version, 30, 40, 37)
    assert signed.because == "as usual" and signed.by and 0.2 < signed.confidence <= 1


def test_no_original_uid_is_kept(commission: Callable[..., str], tmp_path: Path) -> None:
    commission()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("log.sqlite*"))
    assert b"1.2.3.7" not in kept


def test_a_later_commission_takes_the_place_of_an_earlier_one(commission: Callable[..., str], tmp_path: Path) -> None:
    commission()
    commission("--because", "new device")
    with opened(f"sqlite:///{tmp_path}/log.sqlite", fingerprint(KEY)) as log:
        assert [row["because"] for row in commissions(log, SITE)] == ["new device", "as usual"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"--because": "  "}, "--because is empty"),
        ({"--reviewed": "gone.csv"}, "gone.csv is missing"),
        ({"site": "south"}, "site south has 0 studies"),
        ({"since": YESTERDAY}, "needs 30"),
        ({"until": str(datetime.now(UTC).date())}, f"not over yet .* name {YESTERDAY} or an earlier night"),
        ({"until": "2999-01-01"}, "is not over yet"),
        ({"until": "2019-01-01"}, "name the earlier day first"),
    ],
)
def test_what_is_asked_wrongly_is_said(commission: Callable[..., str], options: dict[str, str], said: str) -> None:
    words = [word for name, value in options.items() if name.startswith("-") for word in (name, value)]
    with pytest.raises(DataError, match=said):
        commission(*words, **{name: value for name, value in options.items() if not name.startswith("-")})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "film,label\n1.2,spine\n",
            "has the columns film, label; needed are a row a film, label, and one of SOP",
        ),
        ("", "has no rows; needed are a row a film"),
        ("SOPInstanceUID,label\n1.2,knee\n", "line 2: unknown label 'knee'"),
        ("SOPInstanceUID,label\n1.2,spine\n1.2,other\n", "line 3: this film has another label further up"),
        ("SOPInstanceUID,label\n\udcff,spine\n", "no CSV in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read_is_said_with_the_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "table.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=said):
        read_reviewed(tmp_path / "table.csv", Pseudonyms(KEY))


def test_films_that_were_not_reviewed_among_these_nights_do_not_count(
    commission: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "reviewed.csv").write_text(table(range(10)) + "9.9.9,spine\n" * 30)
    with pytest.raises(DataError, match=r"10 of the reviewed films are among these nights; 20 are needed .* 1 rows"):
        commission()


def test_a_table_that_nobody_filled_in_is_said(commission: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "reviewed.csv").write_text("SOPInstanceUID,label\n1.2.3.1,\n1.2.3.2,\n")
    with pytest.raises(DataError, match="none of the 2 films of --reviewed has a label yet"):
        commission()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_a_spreadsheet_saves_is_read(commission: Callable[..., str], tmp_path: Path, separator: str) -> None:
    (tmp_path / "reviewed.csv").write_text("\ufeff" + table(range(40)).replace(",", separator))
    assert "37 of 40 reviewed films" in commission()


def test_nothing_is_signed_before_a_run(tmp_path: Path, commission: Callable[..., str]) -> None:
    for path in tmp_path.glob("log.sqlite*"):
        path.unlink()
    with pytest.raises(DataError, match="no run came to its end yet"):
        commission()


def test_the_moment_is_that_of_signing(commission: Callable[..., str], tmp_path: Path) -> None:
    before = datetime.now(UTC)
    commission()
    with opened(f"sqlite:///{tmp_path}/log.sqlite", fingerprint(KEY)) as log:
        (row,) = commissions(log)
    assert before <= row["signed"] <= datetime.now(UTC)
