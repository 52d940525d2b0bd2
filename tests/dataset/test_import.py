"""What an import adds, and that the numbers add up."""

from pathlib import Path

import pydicom
import pytest
from dataset.hospital import bring, content, dicom, jpeg, png

from dicom_router.dataset.importing.films import Account
from dicom_router.dataset.importing.labelling import OneLabel
from dicom_router.dataset.table import LABELS, Origin, read_labels, read_origin, write_labels, write_origin
from dicom_router.errors import DataError, MixedOrigin, PseudonymKeyError
from dicom_router.reasons import Reason


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return an export of four films of three classes, with clutter."""
    folder = tmp_path / "export"
    dicom(folder / "abdominal" / "IM1", 1, PatientSex="F", PatientAge="031Y", ViewPosition="AP")
    dicom(folder / "adult" / "IM1.dcm", 2)
    png(folder / "spine" / "sub" / "film.PNG", 3)
    jpeg(folder / "spine" / "film", 4)
    (folder / "README.txt").write_text("about this export\n" * 20)
    (folder / "spine" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1" + b"\0" * 200)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def adds_up(account: Account) -> bool:
    return account.seen - account.tables == (
        sum(account.imported.values()) + account.already_there + sum(account.refused.values())
    )


def test_films_come_in_by_folder_with_or_without_extension(source: Path, data: Path) -> None:
    account = bring(source, data)
    assert account.imported == {"abdomen": 1, "adult_chest": 1, "pediatric_chest": 0, "spine": 2, "other": 0}
    assert (account.seen, account.refused) == (6, {Reason.NOT_DICOM: 2})
    assert adds_up(account)


def test_rows_say_what_is_known(source: Path, data: Path) -> None:
    bring(source, data)
    rows = read_labels(data)
    row = rows[rows["label"] == "abdomen"].iloc[0]
    assert (row["sex"], row["age_years"], row["view"]) == ("F", 31.0, "AP")
    assert (row["site"], row["cohort"], row["batch"], row["split"]) == ("north", "internal", 1, "")
    assert len(row["patient_id"]) == len(row["study_id"]) == 20


def test_files_are_stored_where_the_table_says(source: Path, data: Path) -> None:
    bring(source, data)
    assert sorted(content(data)) == sorted([*read_labels(data)["path"], LABELS, "dataset.json"])


def test_the_same_import_again_adds_nothing_and_changes_no_byte(source: Path, data: Path) -> None:
    bring(source, data)
    before = content(data)
    account = bring(source, data)
    assert (sum(account.imported.values()), account.already_there) == (0, 4)
    assert adds_up(account)
    assert content(data) == before


def test_two_processes_do_as_none(source: Path, data: Path, tmp_path: Path) -> None:
    bring(source, data, jobs=0)
    bring(source, tmp_path / "other", jobs=2)
    assert content(data) == content(tmp_path / "other")


def test_a_later_import_is_a_later_batch_and_leaves_earlier_rows_alone(source: Path, data: Path) -> None:
    bring(source, data)
    before = (data / LABELS).read_text().splitlines()
    dicom(source / "spine" / "new", 9)
    bring(source, data)
    after = (data / LABELS).read_text().splitlines()
    assert set(before) < set(after)
    assert sorted(read_labels(data)["batch"]) == [1, 1, 1, 1, 2]


def test_a_dry_run_adds_nothing_and_tells_the_same(source: Path, data: Path) -> None:
    dry = bring(source, data, dry_run=True)
    assert not data.exists()
    assert dry == bring(source, data)


def test_an_interrupted_import_is_completed_by_the_next(source: Path, data: Path, tmp_path: Path) -> None:
    bring(source, data)
    bring(source, tmp_path / "interrupted")
    (tmp_path / "interrupted" / LABELS).unlink()
    (tmp_path / "interrupted" / "dataset.json").unlink()
    bring(source, tmp_path / "interrupted")
    assert content(tmp_path / "interrupted") == content(data)


def test_a_film_that_another_site_sent_is_already_there(source: Path, data: Path) -> None:
    bring(source, data)
    before = content(data)
    account = bring(source, data, site="south", cohort="external")
    assert account.already_there == 4
    assert content(data) == before


def test_a_copy_in_the_same_import_is_already_there(tmp_path: Path, data: Path) -> None:
    dicom(tmp_path / "export" / "spine" / "a", 1)
    dicom(tmp_path / "export" / "spine" / "b", 1)
    account = bring(tmp_path / "export", data)
    assert (account.imported["spine"], account.already_there) == (1, 1)


def test_one_film_with_two_labels_is_refused_in_every_copy(tmp_path: Path, data: Path) -> None:
    for folder in ("spine/1", "spine/2", "abdomen", "spine/3"):
        dicom(tmp_path / "export" / folder / "film", 1)
    dicom(tmp_path / "export" / "spine" / "another", 2)
    account = bring(tmp_path / "export", data)
    assert account.refused == {Reason.LABEL_CONFLICT: 4}
    assert (account.imported["spine"], account.already_there) == (1, 0)
    assert adds_up(account)
    assert "came as abdomen and spine" in (tmp_path / "refused.csv").read_text()
    assert len(list((data / "images").rglob("*.dcm"))) == 1


def test_a_film_with_another_label_than_before_is_refused_and_stays(tmp_path: Path, data: Path) -> None:
    dicom(tmp_path / "first" / "spine" / "film", 1)
    dicom(tmp_path / "second" / "abdomen" / "film", 1)
    bring(tmp_path / "first", data)
    before = content(data)
    assert bring(tmp_path / "second", data).refused == {Reason.LABEL_CONFLICT: 1}
    assert "abdomen here, but spine in labels.csv" in (tmp_path / "refused.csv").read_text()
    assert content(data) == before


def test_a_patient_has_one_pseudonym_in_all_imports_and_sites(tmp_path: Path, data: Path) -> None:
    dicom(tmp_path / "first" / "film", 1, PatientID="4711", StudyInstanceUID="1.2.1")
    dicom(tmp_path / "second" / "film", 2, PatientID="4711 ", StudyInstanceUID="1.2.2")
    bring(tmp_path / "first", data, OneLabel("spine"))
    bring(tmp_path / "second", data, OneLabel("abdomen"), site="south")
    rows = read_labels(data)
    assert rows["patient_id"].nunique() == 1
    assert rows["study_id"].nunique() == 2


def bring_numbered(tmp_path: Path, data: Path, site: str, number: int, domain: str = "") -> Account:
    """Import one film of patient 4711 as ``site``, whose patient numbers are of ``domain``."""
    dicom(tmp_path / f"export{number}" / "film", number, PatientID="4711", IssuerOfPatientID=f"issuer {number}")
    return bring(tmp_path / f"export{number}", data, OneLabel("spine"), site=site, patient_domain=domain)


def test_sites_that_use_the_same_numbers_for_others_are_told_apart_by_a_domain(tmp_path: Path, data: Path) -> None:
    for number, (site, domain) in enumerate([("north", ""), ("south", "southern"), ("east", ""), ("west", "southern")]):
        bring_numbered(tmp_path, data, site, number, domain)
    patients = read_labels(data).groupby("site")["patient_id"].first()
    assert patients["north"] == patients["east"] != patients["south"] == patients["west"]
    assert read_origin(data).patient_domains == {"south": "southern", "west": "southern"}


@pytest.mark.parametrize(("before", "after"), [("", "southern"), ("southern", ""), ("southern", "eastern")])
def test_a_site_keeps_its_domain(tmp_path: Path, data: Path, before: str, after: str) -> None:
    bring_numbered(tmp_path, data, "south", 1, before)
    with pytest.raises(DataError, match="would get two names"):
        bring_numbered(tmp_path, data, "south", 2, after)
    assert bring_numbered(tmp_path, data, "south", 3, before).imported["spine"] == 1


def test_a_domain_is_a_short_plain_name(tmp_path: Path, data: Path) -> None:
    with pytest.raises(DataError, match=r"--patient-domain 'St\. Mary'"):
        bring_numbered(tmp_path, data, "south", 1, "St. Mary")


def test_uids_that_are_missing_are_made_up_apart(tmp_path: Path, data: Path) -> None:
    dicom(tmp_path / "export" / "film", 1, StudyInstanceUID=None, SOPInstanceUID=None)
    bring(tmp_path / "export", data, OneLabel("spine"))
    ds = pydicom.dcmread(next(data.rglob("*.dcm")))
    assert len({ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID}) == 3


@pytest.mark.parametrize("patient_id", ["", "ANONYMOUS", "0", None])
def test_a_missing_patient_is_left_empty_and_counted(tmp_path: Path, data: Path, patient_id: str | None) -> None:
    dicom(tmp_path / "export" / "film", 1, PatientID=patient_id)
    assert bring(tmp_path / "export", data, OneLabel("spine")).without_patient == 1
    assert list(read_labels(data)["patient_id"]) == [""]


def test_films_without_study_are_studies_of_their_own(tmp_path: Path, data: Path) -> None:
    dicom(tmp_path / "export" / "a", 1, StudyInstanceUID=None)
    png(tmp_path / "export" / "b", 2)
    jpeg(tmp_path / "export" / "c", 3)
    bring(tmp_path / "export", data, OneLabel("spine"))
    assert read_labels(data)["study_id"].nunique() == 3


def test_another_key_is_an_error(source: Path, data: Path) -> None:
    bring(source, data)
    with pytest.raises(PseudonymKeyError, match=r"another pseudonym key.* with --data$"):
        bring(source, data, key="another key that is long enough")


def test_real_films_do_not_join_the_sample(source: Path, data: Path) -> None:
    write_origin(data, Origin(True, "sample", "0" * 16))
    with pytest.raises(MixedOrigin, match=f"rm -rf {data} {data}.dvc"):
        bring(source, data)


def test_synthetic_films_do_not_join_real_ones(source: Path, data: Path) -> None:
    dicom(source / "spine" / "sample", 7, ImageComments="SYNTHETIC radiograph")
    account = bring(source, data)
    assert account.refused[Reason.SYNTHETIC] == 1
    assert not read_origin(data).synthetic


def test_a_dataset_that_takes_in_synthetic_films_counts_as_synthetic(source: Path, data: Path) -> None:
    bring(source, data)
    dicom(source / "spine" / "sample", 7, ImageComments="SYNTHETIC radiograph")
    assert bring(source, data, with_synthetic=True).imported["spine"] == 1
    assert read_origin(data).synthetic
    with pytest.raises(MixedOrigin):
        bring(source, data)


def test_real_films_join_a_synthetic_dataset_only_on_purpose(source: Path, data: Path) -> None:
    dicom(source / "spine" / "sample", 7, ImageComments="SYNTHETIC radiograph")
    bring(source, data, with_synthetic=True)
    dicom(source / "spine" / "real", 8)
    assert bring(source, data, with_synthetic=True).imported["spine"] == 1
    assert read_origin(data).synthetic


@pytest.mark.parametrize("site", ["", "North", "a b", "../x", "-x", "x" * 33, "é"])
def test_a_site_is_a_short_plain_name(source: Path, data: Path, site: str) -> None:
    with pytest.raises(DataError, match="--site"):
        bring(source, data, site=site)


def test_the_source_may_not_lie_in_the_dataset_nor_the_dataset_in_the_source(source: Path) -> None:
    for data in (source, source / "data", source.parent):
        with pytest.raises(DataError, match="lie in each other"):
            bring(source, data)


def test_the_list_of_refusals_may_not_lie_in_the_dataset(source: Path, data: Path) -> None:
    with pytest.raises(DataError, match="original names"):
        bring(source, data, refused=data / "refused.csv")


def test_a_dataset_that_was_not_fetched_is_not_started_anew(source: Path, data: Path) -> None:
    data.with_name("data.dvc").touch()
    with pytest.raises(DataError, match="dvc pull"):
        bring(source, data)


def test_rows_without_an_origin_are_not_added_to(source: Path, data: Path) -> None:
    bring(source, data)
    (data / "dataset.json").unlink()
    with pytest.raises(DataError, match="dvc checkout"):
        bring(source, data)


def test_labels_corrected_by_hand_stay(source: Path, data: Path) -> None:
    bring(source, data)
    rows = read_labels(data)
    rows.loc[rows["label"] == "abdomen", "label"] = "kub"
    write_labels(data, rows)
    before = content(data)
    assert bring(source, data).already_there == 4
    assert content(data) == before


def test_a_folder_that_cannot_be_written_to_is_an_error_in_words(source: Path, data: Path) -> None:
    data.mkdir()
    (data / "images").mkdir()
    (data / "images" / "north").write_text("a file where a folder must be")
    with pytest.raises(DataError, match="cannot be written to"):
        bring(source, data)
    assert not (data / LABELS).exists()
