"""Films that were delivered, scored: each once for each model, nothing lost, nobody named."""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from monitoring.conftest import Asking
from monitoring.delivering import KEY, SITE, adds_up, deliver, deliver_many, rows, run

from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint
from dicom_router.dataset.table import Origin, write_origin
from dicom_router.errors import DataError, ModelError, PseudonymKeyError
from dicom_router.monitoring.outcomes import Pair
from dicom_router.monitoring.rescoring import rescore
from dicom_router.reasons import Reason

DAY = timedelta(days=1)


def test_each_film_is_a_row_with_its_answer(tmp_path: Path, inbox: Path, asking: Asking, version: str) -> None:
    deliver_many(inbox, 10)
    account = run(asking())
    assert (account.seen, account.scored, account.model) == (10, 10, version) and adds_up(account)
    assert set(account.labels.values()) == {2}
    found = rows(tmp_path, "label, site, decision, model, reason, round(p_abdomen + p_adult_chest + p_pediatric_chest"
                 " + p_spine + p_other, 9)")  # fmt: skip
    assert len(found) == 10
    assert {row[1:] for row in found} <= {(SITE, decision, version, "", 1.0) for decision in ("route", "review")}


def test_a_second_run_adds_nothing(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 3)
    (inbox / SITE / "notes.txt").write_text("no film")
    run(asking())
    before = rows(tmp_path)
    account = run(asking(), DAY)
    assert (account.scored, account.refused, account.known) == (0, 0, 4) and adds_up(account)
    assert rows(tmp_path) == before


def test_nothing_in_the_inbox_is_touched(inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 2)
    before = [(path, path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in sorted(inbox.rglob("*"))]
    run(asking())
    assert [(path, path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in sorted(inbox.rglob("*"))] == before


def test_patients_studies_and_images_have_the_names_that_the_import_gives(
    tmp_path: Path, inbox: Path, asking: Asking
) -> None:
    film = deliver(inbox / SITE / "film", 4)
    run(asking())
    names = Pseudonyms(KEY)
    expected = (names.image(hashlib.sha256(film.read_bytes()).hexdigest()), names.patient("P2"), names.study("1.2.2"))
    assert rows(tmp_path, "image, patient, study, instance") == [(*expected, names.uid("1.2.3.4"))]


def test_a_site_whose_patient_numbers_are_of_a_domain_keeps_it(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    deliver(inbox / SITE / "film", 4)
    write_origin(tmp_path / "data", Origin(False, "imported", fingerprint(KEY), {SITE: "trust"}))
    run(asking())
    assert rows(tmp_path, "patient") == [(Pseudonyms(KEY, "trust").patient("P2"),)]


@pytest.mark.parametrize("place", ["dataset", "log"])
def test_another_key_than_before_is_refused(tmp_path: Path, inbox: Path, asking: Asking, place: str) -> None:
    if place == "dataset":
        write_origin(tmp_path / "data", Origin(False, "imported", fingerprint("another key, as long as it is")))
    else:
        run(asking(key="another key, as long as it is"))
    with pytest.raises(PseudonymKeyError, match="made with another pseudonym key"):
        run(asking())


def test_without_a_key_nothing_is_read(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    with pytest.raises(PseudonymKeyError, match=r"secrets\.token_hex"):
        run(asking(key=""))
    assert not (tmp_path / "log.sqlite").exists()


PLANTED: dict[str, Any] = {
    "PatientName": "Zebediah^Quux",
    "PatientID": "QUUX4711",
    "PatientBirthDate": "19700203",
    "StudyDate": "20200304",
    "AccessionNumber": "ACC-QUUX",
    "StudyInstanceUID": "1.2.840.4711.1",
    "SOPInstanceUID": "1.2.840.4711.2",
    "Manufacturer": "Quux Imaging",
    "BodyPartExamined": "CHEST OF QUUX",
    "ViewPosition": "AP QUUX",
    "Modality": "DX",
}
SECRETS = ("quux", "zebediah", "4711", "19700203", "20200304", "hospital")


def test_no_name_number_or_path_reaches_the_log_or_the_account(
    tmp_path: Path, inbox: Path, asking: Asking, capfd: pytest.CaptureFixture[str]
) -> None:
    deliver(inbox / SITE / "quux" / "hospital-4711.dcm", 1, **PLANTED)
    (inbox / SITE / "quux-notes.txt").write_text("Zebediah Quux")
    with zipfile.ZipFile(inbox / SITE / "quux.zip", "w") as archive:
        archive.write(deliver(tmp_path / "packed", 2, **PLANTED), "hospital/4711")
    (inbox / "Quux Hospital").mkdir()
    deliver(inbox / "Quux Hospital" / "film", 3)
    account = run(asking())
    assert (account.scored, account.refused, account.waiting, account.misplaced) == (2, 1, 1, 1)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("log.sqlite*")).lower()
    printed = "\n".join([*account.lines, account.markdown, *capfd.readouterr()]).lower()
    assert [word for word in SECRETS if word.encode() in kept or word in printed] == []
    assert {row[:3] for row in rows(tmp_path, "age_years, Manufacturer, view, label") if row[3]} == {(50.0, "", "AP")}


BAD: dict[str, tuple[Callable[[Path], object], Reason]] = {
    "text": (lambda path: path.write_text("no film"), Reason.NOT_DICOM),
    "empty": (lambda path: path.touch(), Reason.EMPTY),
    "cut": (lambda path: path.write_bytes(deliver(path, 1).read_bytes()[:700]), Reason.TRUNCATED),
    "a section": (lambda path: deliver(path, 1, SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), Reason.NOT_A_RADIOGRAPH),
    "a broken archive": (lambda path: path.write_bytes(b"PK\3\4" + bytes(99)), Reason.ARCHIVE_DAMAGED),
    "a link to nowhere": (lambda path: path.symlink_to("gone"), Reason.MISSING_FILE),
    "a folder's link": (lambda path: path.symlink_to(".."), Reason.OUTSIDE_SOURCE),
    "a pipe": (lambda path: os.mkfifo(path), Reason.UNREADABLE),
}


def test_rubbish_alone_is_rows_with_their_reasons(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    for name, (write, _) in BAD.items():
        write(inbox / SITE / name)
    account = run(asking())
    assert account.scored == 0 and adds_up(account)
    expected = sorted(str(reason) for _, reason in BAD.values())
    assert sorted(row[0] for row in rows(tmp_path, "reason")) == expected
    assert sum(account.quarantined.values()) == len(BAD)
    again = run(asking(), DAY)
    assert (again.refused, again.known) == (0, len(BAD)) and adds_up(again)


def test_a_header_of_garbage_is_a_row_without_facts(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    path = deliver(inbox / SITE / "film", 1, Manufacturer="SIEMENS X")
    content = path.read_bytes().replace(b"SIEMENS X", b"SIEMENS\0X")
    rows_element = content.index(b"\x28\0\x10\0US\2\0")
    path.write_bytes(content[:rows_element] + b"\x28\0\x10\0DS\6\0" + b"1e300 " + content[rows_element + 10 :])
    assert run(asking()).refused == 1
    assert rows(tmp_path, '"Rows", "Columns", Manufacturer, Modality') == [(None, 128, "", "DX")]


def test_a_film_in_an_archive_is_scored_once_wherever_it_lies(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    films = deliver_many(inbox, 3)
    with zipfile.ZipFile(inbox / SITE / "export.zip", "w") as archive:
        for film in films[1:]:
            archive.write(film, film.name)
        archive.write(deliver(tmp_path / "other", 9), "other")
        archive.writestr("readme", "no film")
    films[2].unlink()
    account = run(asking())
    assert (account.seen, account.scored, account.refused, account.known) == (6, 4, 1, 1) and adds_up(account)
    again = run(asking(), DAY)
    assert (again.seen, again.known) == (6, 6)


def test_files_that_are_being_written_wait_for_a_later_run(inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 2)
    deliver(inbox / SITE / "upload.dcm.part", 7)
    first = run(asking(), timedelta(seconds=5))
    assert (first.waiting, first.scored) == (3, 0) and adds_up(first)
    second = run(asking())
    assert (second.waiting, second.scored) == (1, 2) and adds_up(second)


def test_a_clock_that_was_put_back_makes_nothing_wait(inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 1)
    assert run(asking(), -DAY).scored == 1


def test_other_content_under_the_same_name_is_a_row_of_its_own_and_counted(
    tmp_path: Path, inbox: Path, asking: Asking
) -> None:
    path = deliver(inbox / SITE / "film.dcm", 1)
    run(asking())
    deliver(path, 2)
    account = run(asking(), DAY)
    assert (account.scored, account.replaced, account.twins) == (1, 1, 0)
    assert len(rows(tmp_path)) == 2


def test_a_file_that_was_only_touched_is_known(inbox: Path, asking: Asking) -> None:
    path = deliver(inbox / SITE / "film.dcm", 1)
    run(asking())
    os.utime(path)
    account = run(asking(), DAY)
    assert (account.known, account.replaced) == (1, 0)


@pytest.mark.parametrize("at_once", [True, False])
def test_other_pixels_with_the_same_instance_are_a_row_of_their_own_and_counted(
    tmp_path: Path, inbox: Path, asking: Asking, at_once: bool
) -> None:
    deliver(inbox / SITE / "first", 1)
    account = None if at_once else run(asking())
    deliver(inbox / SITE / "second", 2, SOPInstanceUID="1.2.3.1")
    account = run(asking(), DAY)
    assert account.twins == 1 and len(rows(tmp_path)) == 2


def test_another_model_scores_the_last_days_anew_and_the_change_is_counted(
    inbox: Path, asking: Asking, good: Path, blind: Path, version: str
) -> None:
    deliver_many(inbox, 5)
    run(asking(), -40 * DAY)
    deliver_many(inbox, 10, first=5)
    run(asking(), -2 * DAY)
    changed = run(asking(model=str(blind / "artifacts/model")))
    assert (changed.scored, changed.known) == (10, 5) and adds_up(changed)
    assert changed.change is not None and changed.change.before == version
    assert (changed.change.compared, dict(changed.change.moves)) == (10, {("spine", "other"): 2})
    assert "2   spine became other" in "\n".join(changed.lines)
    assert run(asking(model=str(blind / "artifacts/model"))).change is None
    back = run(asking())
    assert (back.scored, back.known) == (0, 15)
    assert back.change is not None and dict(back.change.moves) == {("other", "spine"): 2}


def test_days_and_a_site_can_be_asked_for(inbox: Path, asking: Asking, blind: Path) -> None:
    deliver_many(inbox, 2)
    deliver_many(inbox, 3, site="south", first=2)
    run(asking(site="north"), -40 * DAY)
    account = run(asking())
    assert (account.scored, account.known) == (3, 2)
    long_ago = datetime.now(UTC).date() - 41 * DAY
    again = run(asking(model=str(blind / "artifacts/model"), since=long_ago, until=long_ago + 2 * DAY))
    assert (again.scored, again.known) == (2, 3) and adds_up(again)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"site": "North Hospital"}, "at most 32 lower-case letters"),
        ({"site": "east"}, "no folder of site east; there are: north"),
        ({"inbox": Path("nowhere")}, "the folder nowhere is missing"),
    ],
)
def test_what_is_asked_wrongly_is_said(inbox: Path, asking: Asking, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        run(asking(**changes))


def test_a_model_of_synthetic_films_refuses_real_ones_unless_allowed(inbox: Path, asking: Asking) -> None:
    deliver(inbox / SITE / "real", 1, synthetic=False)
    with pytest.raises(ModelError, match="--allow-synthetic-model"):
        run(asking())
    assert run(asking(allow_synthetic=True)).scored == 1


def test_a_model_that_is_exchanged_meanwhile_leaves_no_answer_under_the_wrong_name(
    tmp_path: Path, inbox: Path, asking: Asking, good: Path, blind: Path
) -> None:
    deliver_many(inbox, 2)
    model = Path(shutil.copytree(good / "artifacts/model", tmp_path / "model"))

    def exchange(films: Iterable[Pair]) -> Iterator[Pair]:
        shutil.copytree(blind / "artifacts/model", model, dirs_exist_ok=True)
        yield from films

    with pytest.raises(ModelError, match="while films were scored by"):
        rescore(asking(model=str(model)), exchange, datetime.now(UTC) + DAY)
    assert rows(tmp_path) == []


def test_an_empty_inbox_is_an_account_of_nothing(inbox: Path, asking: Asking) -> None:
    account = run(asking())
    assert account.seen == 0 and adds_up(account)


def test_many_workers_give_the_same_rows(tmp_path: Path, inbox: Path, asking: Asking) -> None:
    deliver_many(inbox, 6)
    one = run(asking())
    columns = "image, study, patient, label, p_spine, outlier_score, noise, sharpness"
    before = rows(tmp_path, columns)
    many = run(replace(asking(), jobs=2, log=f"sqlite:///{tmp_path}/other.sqlite"))
    (tmp_path / "other.sqlite").replace(tmp_path / "log.sqlite")
    assert one.labels == many.labels and rows(tmp_path, columns) == before
