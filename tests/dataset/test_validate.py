"""Who is kept out and why, and what the stage says and writes."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from dataset.tiny import balanced_rows, facts_of, noise, row, scanned, write_dataset, write_film
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dicom_router.dataset.expectations.findings import accepted, quarantined
from dicom_router.dataset.expectations.report import account
from dicom_router.dataset.scanning import Outcome, Refused
from dicom_router.errors import ValidationFailed
from dicom_router.reasons import Reason
from dicom_router.stages import validate
from dicom_router.stages.running import run

ARTIFACTS = ("images.parquet", "near_duplicates.csv", "quarantine.csv", "validation.json")


def reasons(facts: pd.DataFrame) -> dict[str, str]:
    return dict(zip(facts["path"], facts["reason"], strict=True))


def test_of_copies_the_first_by_batch_and_path_stays() -> None:
    rows = [row(0, "spine", batch=2), row(1, "spine", batch=1), row(2, "spine", batch=1)]
    facts = facts_of(rows, [scanned(7)] * 3)
    assert reasons(facts) == {"images/0000.dcm": "duplicate", "images/0001.dcm": "", "images/0002.dcm": "duplicate"}
    assert list(facts["detail"]) == ["the same bytes as images/0001.dcm", "", "the same bytes as images/0001.dcm"]


def test_all_images_of_a_label_conflict_are_kept_out_and_the_labels_named() -> None:
    rows = [row(0, "spine"), row(1, "other", batch=2), row(2, "spine"), row(3, "abdomen")]
    facts = facts_of(rows, [scanned(7), scanned(7), scanned(7), scanned(8)])
    assert list(facts["reason"]) == ["label_conflict"] * 3 + [""]
    assert facts["detail"][0] == "the same pixels are labelled other and spine"


def test_two_rows_for_one_file_are_a_conflict_or_a_copy() -> None:
    same = [row(0, "spine"), row(0, "other"), row(1, "spine"), row(1, "spine")]
    facts = facts_of(same, [scanned(0), scanned(0), scanned(1), scanned(1)])
    assert list(facts["reason"]) == ["label_conflict", "label_conflict", "", "duplicate"]
    assert accepted(facts)["path"].is_unique


def test_an_unknown_label_conflicts_with_nothing() -> None:
    facts = facts_of([row(0, "spine"), row(1, "elbow")], [scanned(7), scanned(7)])
    assert list(facts["reason"]) == ["", "unknown_label"]


def test_an_alias_is_its_class() -> None:
    facts = facts_of([row(0, "Abdominal"), row(1, "abdomen")], [scanned(7), scanned(7)])
    assert list(facts["label"]) == ["abdomen", "abdomen"]
    assert list(facts["reason"]) == ["", "duplicate"]


OUTCOMES = st.one_of(
    st.integers(0, 5).map(scanned),
    st.sampled_from(list(Reason)).map(lambda reason: Refused(reason, reason.meaning)),
)
ROWS = st.lists(st.tuples(st.sampled_from(["spine", "other", "elbow"]), st.integers(1, 3), OUTCOMES), max_size=12)


@settings(deadline=None)
@given(ROWS)
def test_images_in_are_accepted_or_quarantined(drawn: list[tuple[str, int, Outcome]]) -> None:
    rows = [row(number, label, batch=batch) for number, (label, batch, _) in enumerate(drawn)]
    facts = facts_of(rows, [outcome for _, _, outcome in drawn] or None)
    kept, lost = accepted(facts), quarantined(facts)
    assert sorted([*kept["path"], *lost["path"]]) == [of["path"] for of in rows]
    assert set(lost["reason"]) <= set(Reason)
    assert kept["sha256"].is_unique
    assert kept["pixel_sha256"].is_unique


def test_the_account_adds_up_in_words() -> None:
    rows = [row(number, "spine") for number in range(1600)]
    outcomes: list[Outcome] = [scanned(number) for number in range(1600)]
    outcomes[0] = outcomes[1] = Refused(Reason.TRUNCATED, "")
    outcomes[2] = scanned(3)
    assert (
        account(facts_of(rows, outcomes))
        == "1,600 images in = 1,597 accepted + 3 quarantined (2 truncated, 1 duplicate)"
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with the repository's parameters and no data yet."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(project: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project / "artifacts" / "validation.json").read_text(encoding="utf-8"))
    return content


def test_the_stage_quarantines_and_goes_on(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*balanced_rows(), row(90, "spine"), row(91, "spine", path="images/fälschlich 胸.dcm")]
    write_dataset(project / "data", rows)
    (project / "data/images/0090.dcm").write_bytes(b"")
    write_film(project / "data/images/fälschlich 胸.dcm", noise(0), Manufacturer="copy of the first, another label")
    validate.main()
    out, err = capsys.readouterr()
    assert "47 images in = 44 accepted + 3 quarantined (2 label_conflict, 1 empty)" in out
    assert "images/fälschlich 胸.dcm" in err
    assert written(project)["reasons"] == {"label_conflict": 2, "empty": 1}
    assert written(project)["classes"]["abdomen"] == {"internal": 5, "external": 3}
    table = pd.read_csv(project / "artifacts" / "quarantine.csv")
    assert list(table["path"]) == ["images/0000.dcm", "images/0090.dcm", "images/fälschlich 胸.dcm"]


def test_the_stage_lists_a_negative_of_half_the_size(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*balanced_rows(), row(90, "spine"), row(91, "spine", path="images/0091.png")]
    write_dataset(project / "data", rows)
    film = np.kron(noise(90, 30), np.ones((8, 8), np.uint16))
    write_film(project / "data/images/0090.dcm", film)
    Image.fromarray((255 - film[::2, ::2] // 16).astype(np.uint8)).save(project / "data/images/0091.png")
    validate.main()
    (link,) = pd.read_csv(project / "artifacts" / "near_duplicates.csv").to_dict("records")
    assert (link["path"], link["near_duplicate_of"]) == ("images/0091.png", "images/0090.dcm")
    assert (link["inverted"], written(project)["near_duplicates"]) == (True, {"groups": 1, "films": 2})
    assert "near_duplicate_patients" in capsys.readouterr().err


def test_a_critical_expectation_stops_with_the_rows_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = balanced_rows()
    rows[4]["split"] = "holdout"
    write_dataset(project / "data", rows)
    with pytest.raises(SystemExit, match="1"):
        run(validate.main)
    err = capsys.readouterr().err
    assert "validate: it does not hold that every given split is known (split_known)" in err
    assert "1 of 45 rows: split 'holdout'" in err
    assert "rows:     images/0004.dcm" in err
    kept = json.loads((project / "work/validate/validation.json").read_text(encoding="utf-8"))
    assert next(entry["name"] for entry in kept["expectations"] if not entry["success"]) == "split_known"


def test_too_many_lost_images_stop_the_pipeline(project: Path) -> None:
    rows = balanced_rows()
    write_dataset(project / "data", rows)
    for of in rows[:10]:
        (project / "data" / of["path"]).unlink()
    with pytest.raises(ValidationFailed, match=r"images_not_lost[\s\S]*lost_share 0.222\n.*: lost_share at most 0.1"):
        validate.main()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_class_with_few_images_is_a_warning(project: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    rows = [*balanced_rows()[6:], *(row(90 + number, "abdomen") for number in range(count))]
    write_dataset(project / "data", rows)
    validate.main()
    assert written(project)["classes"]["abdomen"]["internal"] == count
    assert ("class_patients" if count else "class_present") in capsys.readouterr().err


def test_a_second_run_writes_the_same_bytes(project: Path) -> None:
    write_dataset(project / "data", balanced_rows())
    validate.main()
    first = [(project / "artifacts" / name).read_bytes() for name in ARTIFACTS]
    validate.main()
    assert [(project / "artifacts" / name).read_bytes() for name in ARTIFACTS] == first


def test_nothing_is_sent_anywhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> NoReturn:
        raise AssertionError(f"a connection was opened: {args}")

    write_dataset(project / "data", balanced_rows())
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    validate.main()
