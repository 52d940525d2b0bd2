"""Who a film belongs to: read for the import only, which replaces it by pseudonyms; never logged."""

from dataclasses import dataclass
from pathlib import Path

from dicom_router.dicom.attributes import text
from dicom_router.dicom.parsing import parse
from dicom_router.dicom.quiet import quiet
from dicom_router.dicom.source import file_format, load


@dataclass(frozen=True, repr=False)
class Identity:
    """Identifiers as the file states them, ``""`` where it does not; PNG and JPEG state none."""

    PatientID: str = ""
    IssuerOfPatientID: str = ""
    StudyInstanceUID: str = ""
    SeriesInstanceUID: str = ""
    SOPInstanceUID: str = ""
    AccessionNumber: str = ""
    StudyID: str = ""
    StudyDate: str = ""

    def __repr__(self) -> str:
        """Hide the values, so that no traceback or log line shows them."""
        return "Identity(hidden)"


def read_identity(path: Path) -> Identity:
    """Read the identifiers of the file ``path``.

    Raises:
        UnreadableImage: the file is none that ``read`` could parse.
    """
    data = load(path)
    if file_format(data) != "dicom":
        return Identity()
    with quiet():
        ds = parse(data).ds
        return Identity(**{keyword: text(ds, keyword) for keyword in Identity.__dataclass_fields__})
