"""A hospital's export for the tests of the import: small films that name people everywhere they can."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from dicom.files import write_film
from PIL import Image, PngImagePlugin

from dicom_router.dataset.importing.films import Account, Outcome, Request, import_films
from dicom_router.dataset.importing.labelling import FolderLabels, Labelling
from dicom_router.dataset.pseudonyms import Pseudonyms

KEY = "a key for tests that is long enough"
SIDE = 24


def pixels(seed: int, dtype: str = "u2") -> np.ndarray:
    """Return (24, 24) values of 12 bits, or of 8 for bytes, another image for each seed."""
    return np.random.default_rng(seed).integers(0, 256 if dtype == "u1" else 4096, (SIDE, SIDE)).astype(dtype)


def dicom(path: Path, seed: int = 0, **attributes: Any) -> Path:
    """Write a radiograph; ``attributes`` are set on top, None removes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    usual = {"BitsStored": 12, "PatientID": f"P{seed}", "StudyInstanceUID": f"1.2.3.{seed}"}
    return write_film(path, pixels(seed), **{**usual, **attributes})


def png(path: Path, seed: int = 0, texts: dict[str, str] | None = None, **options: Any) -> Path:
    """Write a grey PNG with text chunks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chunks = PngImagePlugin.PngInfo()
    for keyword, text in (texts or {}).items():
        chunks.add_text(keyword, text)
    Image.fromarray(pixels(seed, "u1")).save(path, "PNG", pnginfo=chunks, **options)
    return path


def jpeg(path: Path, seed: int = 0, **options: Any) -> Path:
    """Write a grey JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed, "u1")).save(path, "JPEG", **options)
    return path


def unwatched(outcomes: Iterable[Outcome]) -> Iterable[Outcome]:
    """Show no progress."""
    return outcomes


def bring(
    source: Path,
    data: Path,
    labelling: Labelling | None = None,
    key: str = KEY,
    patient_domain: str = "",
    **options: Any,
) -> Account:
    """Import ``source`` into ``data``, labelled by folder unless told otherwise; refusals go beside ``data``."""
    request = {
        "source": source,
        "labelling": labelling or FolderLabels(source),
        "site": "north",
        "cohort": "internal",
        "data": data,
        "refused": data.parent / "refused.csv",
    }
    return import_films(Request(**{**request, **options}), Pseudonyms(key, patient_domain), unwatched)


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below ``folder``, by path."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
