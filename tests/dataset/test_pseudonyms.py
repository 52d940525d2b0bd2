"""Pseudonyms: stable under a key, unrelated under another, empty for nobody."""

import pytest
from pydicom.uid import UID

from dicom_router.dataset.pseudonyms import DEMO_KEY, Pseudonyms, fingerprint, is_placeholder, require_same_key
from dicom_router.errors import PseudonymKeyError

KEY, OTHER_KEY = "k" * 32, "o" * 32


def test_a_patient_keeps_the_pseudonym_under_one_key() -> None:
    assert Pseudonyms(KEY).patient("4711") == Pseudonyms(KEY).patient(" 4711 ")


def test_another_key_gives_another_pseudonym() -> None:
    assert Pseudonyms(KEY).patient("4711") != Pseudonyms(OTHER_KEY).patient("4711")


def test_a_patient_and_a_study_of_one_number_have_nothing_in_common() -> None:
    names = Pseudonyms(KEY)
    assert len({names.patient("1.2.3"), names.study("1.2.3"), names.image("1.2.3"), names.uid("1.2.3")}) == 4


def test_pseudonyms_are_the_same_in_every_version() -> None:
    names = Pseudonyms(DEMO_KEY)
    assert names.patient("4711") == "cff8178b03d8aad21a62"
    assert names.uid("1.2.840.1") == "2.25.159600113002386838987691126684169970830"


@pytest.mark.parametrize("original", ["1.2.840.113619.2.1", "", "x" * 500])
def test_a_new_uid_is_valid(original: str) -> None:
    uid = UID(Pseudonyms(KEY).uid(original))
    assert uid.is_valid and len(uid) <= 64


@pytest.mark.parametrize(
    "patient_id", ["", " ", "0", "000", "ANON", "anonymous", "Unknown", "n/a", "-", "^", "NO ID", "XXX"]
)
def test_an_id_that_names_nobody_has_no_pseudonym(patient_id: str) -> None:
    assert is_placeholder(patient_id)
    assert Pseudonyms(KEY).patient(patient_id) == ""


@pytest.mark.parametrize("patient_id", ["1", "P0", "A10", "1000", "ANON17", "Ä1", "患者7"])
def test_an_id_that_names_somebody_has_one(patient_id: str) -> None:
    assert len(Pseudonyms(KEY).patient(patient_id)) == 20


def test_a_study_without_uid_has_no_pseudonym() -> None:
    assert Pseudonyms(KEY).study(" ") == ""


@pytest.mark.parametrize("key", ["", "short", " " * 40, "fifteen letters"])
def test_a_key_that_could_be_guessed_is_refused_with_the_way_to_make_one(key: str) -> None:
    with pytest.raises(PseudonymKeyError, match=r"secrets\.token_hex\(32\)"):
        Pseudonyms(key)


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(Pseudonyms(KEY))


def test_a_fingerprint_tells_keys_apart_and_does_not_hold_them() -> None:
    assert fingerprint(KEY) == fingerprint(KEY + "\n") != fingerprint(OTHER_KEY)
    assert len(fingerprint(KEY)) == 16


def test_another_key_than_the_datasets_is_an_error() -> None:
    require_same_key(KEY, fingerprint(KEY))
    with pytest.raises(PseudonymKeyError, match="another pseudonym key"):
        require_same_key(OTHER_KEY, fingerprint(KEY))
