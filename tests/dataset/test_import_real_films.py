"""Real radiographs of six sites go through the import."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dataset.hospital import bring, content

from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import TableLabels
from dicom_router.dicom.reading import read
from dicom_router.reasons import Reason

FILMS = {"hannover": 110, "jordan": 110, "kermany": 130, "nema": 8, "nih": 17, "oai": 100}
SECONDARY_CAPTURES = ("nih",)  # six of its films


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def bring_site(folder: Path, data: Path) -> dict[str, int]:
    table = read_label_table(folder / "labels.csv")
    labels = TableLabels(folder, table.rows, table.unusable)
    options = {"label_table": folder / "labels.csv", "allow_burned_in": folder.name in SECONDARY_CAPTURES}
    return bring(folder, data, labels, site=folder.name, **options).imported


@pytest.mark.parametrize("site", FILMS)
def test_every_film_of_a_site_comes_in(real_xr: Path, data: Path, site: str) -> None:
    assert sum(bring_site(real_xr / site, data).values()) == FILMS[site]


@pytest.mark.parametrize("site", ["nema", "nih"])
def test_nothing_of_the_originals_headers_is_left(real_xr: Path, data: Path, site: str) -> None:
    bring_site(real_xr / site, data)
    stored = b"\n".join([*content(data).values(), *(path.encode() for path in content(data))])
    assert [value for value in _identifiers(real_xr / site) if value.encode() in stored] == []


def _identifiers(folder: Path) -> set[str]:
    """Return names, UIDs, dates and free text of the files of ``folder``, of five characters and more."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    values = {Path(row["path"]).name for row in rows} | {row["patient_id"] for row in rows}
    for path in folder.rglob("*.dcm"):
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        uids = [str(value) for keyword, value in _texts(ds) if "ClassUID" not in keyword]
        values |= {*uids, str(ds.file_meta.MediaStorageSOPInstanceUID)}
    return {value for value in values if len(value) >= 5}


def _texts(ds: pydicom.Dataset) -> list[tuple[str, str]]:
    kept = ("Manufacturer", "CodeMeaning", "CodeValue", "CodingSchemeDesignator")
    kinds = ("UI", "PN", "LO", "SH", "DA", "TM", "LT", "ST")
    return [(item.keyword, str(item.value)) for item in ds.iterall() if item.VR in kinds and item.keyword not in kept]


def test_one_film_of_each_site_shows_the_same(real_xr: Path, data: Path, tmp_path: Path) -> None:
    for number, site in enumerate(FILMS):
        film = sorted((real_xr / site / "images").iterdir())[0]
        (tmp_path / site / "spine").mkdir(parents=True)
        shutil.copy(film, tmp_path / site / "spine" / str(number))
        bring(tmp_path / site, data, site=site, allow_burned_in=site in SECONDARY_CAPTURES)
        stored = next((data / "images" / site).rglob("*.*"))
        assert np.array_equal(read(stored).pixels, read(film).pixels)
        assert read(stored).header == read(film).header


def test_secondary_captures_are_refused_unless_allowed(real_xr: Path, data: Path) -> None:
    table = read_label_table(real_xr / "nih/labels.csv")
    labels = TableLabels(real_xr / "nih", table.rows, table.unusable)
    account = bring(real_xr / "nih", data, labels, site="nih", label_table=real_xr / "nih/labels.csv")
    assert account.refused == {Reason.BURNED_IN_TEXT: 6}
    assert sum(account.imported.values()) == FILMS["nih"] - 6
