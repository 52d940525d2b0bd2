"""Whether films may join a dataset: its key is theirs, and synthetic and real ones do not meet by accident."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from dicom_router.dataset.pseudonyms import Pseudonyms, fingerprint, require_same_key
from dicom_router.dataset.table import LABELS, ORIGIN, Origin, read_origin
from dicom_router.errors import DataError, MixedOrigin

DESCRIPTION: Final = "films brought in with `dicom-router import`"
NEW_DATASET: Final = ", or start a new dataset in another folder with --data"


def joined_origin(data: Path, pseudonyms: Pseudonyms, with_synthetic: bool) -> Origin:
    """Return the origin of the dataset that films are about to join, a new one where ``data`` holds none.

    Raises:
        DataError: there is a dataset, but not here or not whole.
        MixedOrigin: it is synthetic, and ``with_synthetic`` does not say that this is meant.
        PseudonymKeyError: it was made with another key.
    """
    if not (data / ORIGIN).exists():
        _require_no_dataset(data)
        return Origin(False, DESCRIPTION, fingerprint(pseudonyms.key))
    origin = read_origin(data)
    if origin.synthetic and not with_synthetic:
        raise MixedOrigin(_how_to_replace(data))
    require_same_key(pseudonyms.key, origin.pseudonym_key_fingerprint, otherwise=NEW_DATASET)
    return origin


def with_synthetic_films(origin: Origin) -> Origin:
    """Mark a dataset that synthetic films have joined: all of it counts as synthetic from now on."""
    if origin.synthetic:
        return origin
    return replace(origin, synthetic=True, description=f"{origin.description}, synthetic ones among them")


def with_patient_domain(origin: Origin, site: str, domain: str, site_is_known: bool) -> Origin:
    """Remember whose patient numbers ``site`` uses.

    Raises:
        DataError: films of the site came with another domain before: one patient would get two names.
    """
    before = origin.patient_domains.get(site, "")
    if site_is_known and before != domain:
        said = f"--patient-domain {before}" if before else "no --patient-domain"
        raise DataError(
            f"films of site {site} were imported with {said} before, and one patient would get two names: "
            f"import with {said} again, or as another --site"
        )
    return replace(origin, patient_domains={**origin.patient_domains, site: domain}) if domain else origin


def _require_no_dataset(data: Path) -> None:
    """Refuse to start anew where a dataset is damaged or has not been fetched."""
    if (data / LABELS).exists():
        raise DataError(f"{data / ORIGIN} is missing although {LABELS} is there; restore it with `dvc checkout`")
    pointer = data.with_name(f"{data.name}.dvc")
    if pointer.exists() and not data.exists():
        raise DataError(
            f"{pointer} names a dataset that is not here: fetch it with `dvc pull`, or `rm {pointer}` to start anew"
            " (do so in a new clone, where it names the synthetic sample)"
        )


def _how_to_replace(data: Path) -> str:
    return (
        f"{data} holds synthetic films, and real ones must not join them by accident.\n"
        f"To replace them by your films:  rm -rf {data} {data}.dvc  and import again.\n"
        "To keep both apart:             import into another folder with --data.\n"
        "To mix them on purpose:         import the synthetic films into the dataset of the real ones, with\n"
        "                                --with-synthetic there and from then on; it and its models count as synthetic."
    )
