"""Keyed pseudonyms: the same patient or study gets the same name in every import made with the same key.

A pseudonym is an HMAC-SHA256 (RFC 2104) of the identifier under a secret key, cut to
80 bits: without the key nobody gets back to the identifier, not even by trying every
patient number of a hospital, and among a million of them two meet with a chance of
4e-13. What is hashed is prefixed by its kind, so that a patient and a study of the
same number have nothing in common.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from dicom_router.errors import PseudonymKeyError

KEY_VARIABLE: Final = "DICOM_ROUTER_PSEUDONYM_KEY"
MINIMUM_KEY_LENGTH: Final = 16

# Printed in the sources on purpose: the sample dataset holds no patients.
DEMO_KEY: Final = "the public key of the sample dataset, never for patients"

HOW_TO_MAKE_A_KEY: Final = (
    f"{KEY_VARIABLE} must hold the secret key of the pseudonyms, at least {MINIMUM_KEY_LENGTH} characters. "
    'Make one once with `python -c "import secrets; print(secrets.token_hex(32))"`, keep it where your '
    f"hospital keeps secrets (never in the repository), and `export {KEY_VARIABLE}=...` before what reads "
    "films: import, rescore, feedback. Data that are there want the key that they were made with"
)

# What systems write where they know no patient; compared in upper case, letters and digits only.
# fmt: off
PLACEHOLDER_PATIENT_IDS: Final = frozenset({
    "ANON", "ANONYM", "ANONYMOUS", "ANONYMIZED", "ANONYMISED", "ANONYMIZE", "DEIDENTIFIED", "REMOVED",
    "REDACTED", "UNKNOWN", "UNIDENTIFIED", "NONE", "NULL", "NIL", "NA", "NAN", "NOID", "NOPATIENTID",
    "NONAME", "PATIENT", "PATIENTID", "ID", "DUMMY", "DEFAULT", "TEST",
    "TESTPATIENT",
})
# fmt: on


@dataclass(frozen=True)
class Pseudonyms:
    """The pseudonyms under one key; the key is kept out of ``repr``.

    ``patient_domain`` names whose patient numbers these are, "" where all hospitals that share the key
    share their numbers too: the same number is then the same patient.
    """

    key: str = field(repr=False)
    patient_domain: str = ""

    def __post_init__(self) -> None:
        """Refuse a key that could be guessed.

        Raises:
            PseudonymKeyError: the key is shorter than ``MINIMUM_KEY_LENGTH`` characters.
        """
        if len(self.key.strip()) < MINIMUM_KEY_LENGTH:
            raise PseudonymKeyError(HOW_TO_MAKE_A_KEY)

    def patient(self, patient_id: str) -> str:
        """Return the patient's pseudonym, or "" where ``patient_id`` names nobody."""
        if is_placeholder(patient_id):
            return ""
        number = patient_id.strip()
        return self._digest("patient", f"{self.patient_domain}\0{number}" if self.patient_domain else number)[:20]

    def study(self, study_instance_uid: str) -> str:
        """Return the study's pseudonym, or "" where there is no UID."""
        uid = study_instance_uid.strip()
        return self._digest("study", uid)[:20] if uid else ""

    def accession(self, number: str) -> str:
        """Return the pseudonym of an AccessionNumber, or "" where there is none."""
        return self._digest("accession", number.strip())[:20] if number.strip() else ""

    def image(self, content_digest: str) -> str:
        """Return the name under which an image is stored, from the hex digest of its original bytes."""
        return self._digest("image", content_digest)[:20]

    def place(self, name: str) -> str:
        """Return the name of a place where something lies, such as a path."""
        return self._digest("place", name)[:20]

    def uid(self, original: str) -> str:
        """Return a valid UID in place of ``original``, of the form that PS3.5 B.2 derives from a UUID."""
        return f"2.25.{int(self._digest('uid', original.strip())[:32], 16)}"

    def _digest(self, kind: str, text: str) -> str:
        return hmac.new(self.key.strip().encode(), f"{kind}\0{text}".encode(), hashlib.sha256).hexdigest()


def fingerprint(key: str) -> str:
    """Return 16 hex digits that tell one key from another and say nothing about it.

    It is an HMAC under the key: of a key made at random, as the help shows, it gives nothing away.
    """
    return hmac.new(key.strip().encode(), b"fingerprint\0dicom-router", hashlib.sha256).hexdigest()[:16]


def is_placeholder(patient_id: str) -> bool:
    """Say whether a patient id names nobody: empty, only zeros, signs or the letter X, or a word such as ANONYMOUS."""
    letters = "".join(character for character in patient_id.upper() if character.isalnum())
    return not letters.strip("0X") or letters in PLACEHOLDER_PATIENT_IDS


def require_same_key(key: str, expected_fingerprint: str, otherwise: str = "") -> None:
    """Make sure that ``key`` is the one behind a dataset's fingerprint; ``otherwise`` is what else can be done.

    Raises:
        PseudonymKeyError: it is another one.
    """
    if fingerprint(key) == expected_fingerprint:
        return
    raise PseudonymKeyError(
        f"this dataset was made with another pseudonym key (fingerprint {expected_fingerprint}, "
        f"that of {KEY_VARIABLE} is {fingerprint(key)}): one patient would get two names. "
        f"Set the key that was used before{otherwise}"
    )
