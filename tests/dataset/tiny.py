"""Small films, datasets and fact tables for the tests of the dataset's stages."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from dicom_router.dataset.expectations.findings import fact_table
from dicom_router.dataset.near_duplicates.appearance import SIDE
from dicom_router.dataset.scanning import Outcome, Scanned, Statistics
from dicom_router.dataset.table import COLUMNS, Origin, write_labels, write_origin
from dicom_router.dicom.reading import Header
from dicom_router.labels import CLASSES

SIZE = 80


def noise(seed: int, size: int = SIZE) -> NDArray[np.uint16]:
    """Return a film's stored values, `(size, size)` of 12 bits, another for each seed."""
    return np.random.default_rng(seed).integers(0, 4096, (size, size), dtype=np.uint16)


def write_film(path: Path, pixels: NDArray[np.uint16], **attributes: Any) -> None:
    """Write ``pixels`` as a digital radiograph; ``attributes`` are set on top."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = f"1.2.3.{int(hashlib.sha256(pixels.tobytes()).hexdigest()[:12], 16)}"
    ds.Modality, ds.PhotometricInterpretation, ds.SamplesPerPixel = "DX", "MONOCHROME2", 1
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.PixelData = pixels.tobytes()
    for name, value in attributes.items():
        setattr(ds, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)


def row(number: int, label: str, **values: Any) -> dict[str, Any]:
    """Return a row of labels.csv: image ``number``, of a patient of its own."""
    return {
        "path": f"images/{number:04d}.dcm",
        "label": label,
        "patient_id": f"patient{number}",
        "study_id": f"study{number}",
        "site": "north",
        "cohort": "internal",
        "batch": 1,
        "split": "",
        "age_years": np.nan,
        "sex": "",
        "view": "",
    } | values


def labels_of(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return ``rows`` as ``read_labels`` would."""
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"batch": "int64", "age_years": "float64"})


def write_dataset(data: Path, rows: Sequence[dict[str, Any]], synthetic: bool = False) -> None:
    """Write a dataset with a film for each of ``rows``, all different."""
    for number, of in enumerate(rows):
        write_film(data / of["path"], noise(number), **({"ImageComments": "SYNTHETIC"} if synthetic else {}))
    write_labels(data, labels_of(rows))
    write_origin(data, Origin(synthetic, "films of noise", ""))


def balanced_rows(internal: int = 6, external: int = 3) -> list[dict[str, Any]]:
    """Return so many rows of each class and cohort."""
    kinds = [(label, "internal") for label in CLASSES for _ in range(internal)]
    kinds += [(label, "external") for label in CLASSES for _ in range(external)]
    return [row(number, label, cohort=cohort) for number, (label, cohort) in enumerate(kinds)]


def scanned(number: int, **header: Any) -> Scanned:
    """Return the facts of an ordinary film; ``header`` is set on top."""
    facts: dict[str, Any] = {
        "file_format": "dicom",
        "TransferSyntaxUID": ExplicitVRLittleEndian,
        "SOPClassUID": DigitalXRayImageStorageForPresentation,
        "Modality": "DX",
        "Rows": 2000,
        "Columns": 2500,
        "BitsAllocated": 16,
        "BitsStored": 12,
    }
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    seen = np.random.default_rng(number).integers(-127, 128, SIDE * SIDE, dtype=np.int8).tobytes()
    return Scanned(digest, digest[::-1], Header(**(facts | header)), Statistics(0.4, 0.2, 0.1, 0.05, 0.6), seen)


def facts_of(rows: Sequence[dict[str, Any]], outcomes: Sequence[Outcome] | None = None) -> pd.DataFrame:
    """Return the fact table of ``rows``; all are ordinary films unless ``outcomes`` says otherwise."""
    return fact_table(labels_of(rows), outcomes or [scanned(number) for number in range(len(rows))])
