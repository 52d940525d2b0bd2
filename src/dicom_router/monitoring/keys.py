"""The key of the pseudonyms, by the import's rules: one patient has one name in the dataset and in the log."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dicom_router.dataset.pseudonyms import Pseudonyms, require_same_key

if TYPE_CHECKING:
    from dicom_router.dataset.table import Origin


def pseudonyms_by_site(key: str, data: Path, sites: Iterable[str]) -> Mapping[str, Pseudonyms]:
    """Return the pseudonyms of each site: its patient numbers are of the domain that its films were imported with.

    The key of a synthetic dataset is public, so that no other is asked to be it.

    Raises:
        PseudonymKeyError: the key is missing, or not the one that the dataset in ``data`` was made with.
        DataError: the description of the dataset is damaged.
    """
    shared = Pseudonyms(key)
    origin = _origin(data) if data.exists() else None
    if origin is not None and not origin.synthetic:
        require_same_key(key, origin.pseudonym_key_fingerprint)
    return {site: replace(shared, patient_domain=_domain(origin, site)) for site in sites}


def _origin(data: Path) -> "Origin | None":
    from dicom_router.dataset.table import ORIGIN, read_origin  # pandas takes a second, and often there is no dataset

    return read_origin(data) if (data / ORIGIN).exists() else None


def _domain(origin: "Origin | None", site: str) -> str:
    return "" if origin is None else origin.patient_domains.get(site, "")
