"""Whom ``forget`` understands to be meant."""

from pathlib import Path

import pandas as pd
import pytest
from dataset.hospital import KEY, bring, dicom
from dataset.tiny import labels_of, row, write_dataset

from dicom_router.dataset.forgetting.targets import image_target, patient_target
from dicom_router.dataset.forgetting.traces import twins
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dataset.sides import with_sides
from dicom_router.dataset.table import read_labels
from dicom_router.errors import DataError, PseudonymKeyError

ROWS = [
    row(1, "spine", patient_id="anna"),
    row(2, "abdomen", patient_id="anna", study_id="s2"),
    row(3, "other", patient_id="", study_id="s2"),
    row(4, "other", patient_id="", study_id=""),
    row(5, "other", patient_id="bert", path="images/south/0005.dcm"),
    row(6, "other", patient_id="bert", path="images/north/0005.png"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_dataset(tmp_path / "data", ROWS)
    return tmp_path / "data"


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    dicom(tmp_path / "source/spine/film", 1, PatientID="MRN 0815")
    dicom(tmp_path / "source/spine/other", 2, PatientID="MRN 0816")
    bring(tmp_path / "source", tmp_path / "data")
    return tmp_path / "data"


def test_a_pseudonym_means_all_films_of_the_patient_and_nameless_ones_of_their_studies(data: Path) -> None:
    target = patient_target(data, "anna", key="")
    assert target.paths == ("images/0001.dcm", "images/0002.dcm", "images/0003.dcm")
    assert target.understood == "as a pseudonym of labels.csv"


def test_an_original_patient_id_means_the_patient_it_became(imported: Path) -> None:
    target = patient_target(imported, "MRN 0815", KEY)
    labels = read_labels(imported)
    assert target.patient == Pseudonyms(KEY).patient("MRN 0815")
    assert list(target.paths) == list(labels.loc[labels["patient_id"] == target.patient, "path"])
    assert "original PatientID" in target.understood


@pytest.fixture
def two_domains(imported: Path, tmp_path: Path) -> Path:
    dicom(tmp_path / "western/spine/film", 3, PatientID="MRN 0815")
    dicom(tmp_path / "western/spine/other", 4, PatientID="MRN 0900")
    bring(tmp_path / "western", imported, site="west", patient_domain="western")
    return imported


def test_a_patient_id_is_recognised_in_the_domain_of_its_numbers(two_domains: Path) -> None:
    assert patient_target(two_domains, "MRN 0900", KEY).patient == Pseudonyms(KEY, "western").patient("MRN 0900")


def test_a_patient_id_of_two_patients_is_an_error_that_names_both(two_domains: Path) -> None:
    with pytest.raises(DataError, match="2 patients have this PatientID") as raised:
        patient_target(two_domains, "MRN 0815", KEY)
    for domain in ("", "western"):
        assert Pseudonyms(KEY, domain).patient("MRN 0815") in str(raised.value)


def test_a_file_that_an_interrupted_import_left_goes_too(imported: Path) -> None:
    pseudonym = Pseudonyms(KEY).patient("MRN 0815")
    (film,) = patient_target(imported, pseudonym, KEY).paths
    (imported / "images/left.dcm").write_bytes((imported / film).read_bytes() + b"\0\0")
    assert patient_target(imported, pseudonym, KEY).paths == (film, "images/left.dcm")


def test_a_picture_that_an_interrupted_import_left_goes_whosever_it_is(data: Path) -> None:
    left = data / "images/north/ab/abcdefabcdefabcdefab.png"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"pixels")
    assert "images/north/ab/abcdefabcdefabcdefab.png" in patient_target(data, "anna", key="").paths


@pytest.mark.parametrize(
    ("patient", "key", "error", "said"),
    [
        ("MRN 0999", KEY, DataError, "has this pseudonym or this PatientID"),
        ("MRN 0815", "", DataError, "set DICOM_ROUTER_PSEUDONYM_KEY"),
        ("MRN 0815", "another key, as long as the other", PseudonymKeyError, r"another pseudonym key.* used before$"),
        ("0000", KEY, DataError, "this names nobody"),
    ],
)
def test_who_is_not_known_is_an_error_that_does_not_repeat_the_name(
    imported: Path, patient: str, key: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        patient_target(imported, patient, key)
    assert patient not in str(raised.value)


@pytest.mark.parametrize("name", ["images/0004.dcm", "0004.dcm", "0004"])
def test_a_film_is_named_by_path_file_name_or_stem(data: Path, name: str) -> None:
    assert image_target(data, [name, name]).paths == ("images/0004.dcm",)


@pytest.mark.parametrize(("name", "count"), [("0005", 2), ("0009.dcm", "no")])
def test_a_name_that_fits_no_film_or_two_is_an_error(data: Path, name: str, count: object) -> None:
    with pytest.raises(DataError, match=f"{count} films of labels.csv are called '{name}'"):
        image_target(data, [name])


def test_others_keep_the_side_of_the_last_run() -> None:
    labels = labels_of([*ROWS, row(7, "spine", cohort="external"), row(8, "spine", split="test")])
    sides = {"images/0001.dcm": "train", "images/0007.dcm": "external", "images/0008.dcm": "test"}
    sides |= {"images/0004.dcm": "calibration", "images/south/0005.dcm": "train", "images/north/0005.png": "test"}
    kept = with_sides(labels, sides).set_index("path")["split"]
    expected = {"images/0001.dcm": "train", "images/0002.dcm": "train", "images/0003.dcm": "train"}
    expected |= {"images/0004.dcm": "calibration", "images/0008.dcm": "test"}
    assert kept[kept != ""].to_dict() == expected


def test_a_film_with_the_same_pixels_that_stays_is_named(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    copy = ["images/0005.dcm", "duplicate", "the same pixels", "images/0001.dcm"]
    quarantine = [copy, ["images/0006.dcm", "empty", "the file has no bytes", ""]]
    columns = ["path", "reason", "detail", "copy_of"]
    pd.DataFrame(quarantine, columns=columns).to_csv(tmp_path / "artifacts/quarantine.csv", index=False)
    splits = pd.DataFrame({"path": ["images/0001.dcm"], "split": ["train"]})
    splits.to_parquet(tmp_path / "artifacts/splits.parquet", index=False)
    assert twins(tmp_path, ("images/0001.dcm",)) == ("images/0005.dcm",)
    assert twins(tmp_path, ("images/0005.dcm",)) == ("images/0001.dcm",)
    assert twins(tmp_path, ("images/0006.dcm",)) == ()


def test_a_near_duplicate_that_stays_is_named_also_of_a_copy(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    quarantine = [["images/0005.dcm", "duplicate", "the same pixels", "images/0001.dcm"]]
    columns = ["path", "reason", "detail", "copy_of"]
    pd.DataFrame(quarantine, columns=columns).to_csv(tmp_path / "artifacts/quarantine.csv", index=False)
    links = [["images/0001.dcm", "images/0002.dcm", "images/0001.dcm", 0.97, False]]
    columns = ["group", "path", "near_duplicate_of", "correlation", "inverted"]
    pd.DataFrame(links, columns=columns).to_csv(tmp_path / "artifacts/near_duplicates.csv", index=False)
    splits = pd.DataFrame({"path": ["images/0001.dcm", "images/0002.dcm"], "split": ["train", "train"]})
    splits.to_parquet(tmp_path / "artifacts/splits.parquet", index=False)
    assert twins(tmp_path, ("images/0001.dcm",)) == ("images/0002.dcm", "images/0005.dcm")
    assert twins(tmp_path, ("images/0005.dcm",)) == ("images/0001.dcm", "images/0002.dcm")
