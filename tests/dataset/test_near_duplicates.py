"""Near-duplicates: the changes that a film goes through are seen through, and other films are not taken for it."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from dataset.tiny import facts_of, row, scanned
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter
from scipy.sparse.csgraph import connected_components

from dicom_router.dataset.near_duplicates import search
from dicom_router.dataset.near_duplicates.appearance import SIDE, appearance
from dicom_router.dataset.near_duplicates.search import Likeness, find_links, near_duplicates, perceptual_hashes
from dicom_router.dataset.near_duplicates.table import COLUMNS, group_of
from dicom_router.dicom.reading import read
from dicom_router.params import load_params
from dicom_router.reasons import Reason

VALIDATION = load_params(ROOT / "params.yaml").validation
LIKENESS = Likeness(VALIDATION.near_duplicate_distance, VALIDATION.near_duplicate_correlation)


def film(seed: int, height: int = 300, width: int = 260) -> Image.Image:
    """Return a film that has structure of every size, as bodies have, and a dark surround."""
    generator = np.random.default_rng(seed)
    field = sum(
        gaussian_filter(generator.normal(size=(height, width)), sigma) * sigma**1.3 for sigma in (2, 4, 8, 16, 32)
    )
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    body = (0.5 + 0.12 * field / np.std(field)) * (np.abs(x) ** 3 + np.abs(y) ** 4 < 0.8)
    return Image.fromarray(np.rint(255 * body.clip(0, 1)).astype(np.uint8))


def seen(image: Image.Image) -> NDArray[np.int8]:
    pixels = np.ascontiguousarray(np.asarray(image, np.float32) / 255)
    return np.frombuffer(appearance(pixels), np.int8).reshape(SIDE, SIDE)


def lossy(image: Image.Image, kind: str, **options: Any) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("L")


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)))


def toned(image: Image.Image, curve: Callable[[float], float]) -> Image.Image:
    return image.point([round(255 * min(max(curve(level / 255), 0), 1)) for level in range(256)])


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG of quality 30": lambda image: lossy(image, "JPEG", quality=30),
    "JPEG 2000 of 30 to 1": lambda image: lossy(image, "JPEG2000", quality_mode="rates", quality_layers=[30]),
    "a quarter of the size": lambda image: scaled(image, 0.25),
    "twice the size": lambda image: scaled(image, 2),
    "negative": ImageOps.invert,
    "gamma": lambda image: toned(image, lambda level: level**0.6),
    "narrower window": lambda image: toned(image, lambda level: (level - 0.1) / 0.8),
    "crop of one corner": lambda image: image.crop((7, 0, image.width, image.height - 8)),
    "border": lambda image: ImageOps.expand(image, 3, 0),
    "all at once": lambda image: lossy(scaled(ImageOps.invert(image.crop((3, 3, 258, 296))), 0.5), "JPEG", quality=60),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_film_is_found(change: str) -> None:
    for seed in range(3):
        original, changed = seen(film(seed)), seen(CHANGES[change](film(seed)))
        assert len(find_links(np.stack([original, changed]), LIKENESS)) == 1, f"film {seed}"
        assert len(find_links(np.stack([changed, original]), LIKENESS)) == 1, f"film {seed}, the other way round"


def test_other_films_are_not() -> None:
    assert find_links(np.stack([seen(film(seed)) for seed in range(20)]), LIKENESS) == []


def test_a_negative_correlates_negatively() -> None:
    (link,) = find_links(np.stack([seen(film(0)), seen(ImageOps.invert(film(0)))]), LIKENESS)
    assert link.correlation < -0.99


def test_a_film_that_shows_nothing_resembles_nothing() -> None:
    nothing = seen(Image.new("L", (100, 100), 128))
    assert find_links(np.stack([nothing, nothing, seen(film(0))]), LIKENESS) == []


def test_the_same_hip_in_every_encoding_is_one_film(real_xr: Path) -> None:
    files = sorted((real_xr / "nema" / "images").iterdir())
    films = [np.frombuffer(appearance(read(file).pixels), np.int8).reshape(SIDE, SIDE) for file in files]
    assert len(find_links(np.stack(films), LIKENESS)) == len(films) - 1


def test_chests_of_different_patients_are_different_films(real_xr: Path) -> None:
    table = pd.read_csv(real_xr / "hannover" / "labels.csv").drop_duplicates("patient_id")
    films = [read(real_xr / "hannover" / path).pixels for path in table["path"]]
    appearances = np.stack([np.frombuffer(appearance(of), np.int8).reshape(SIDE, SIDE) for of in films])
    assert len(films) > 20
    assert find_links(appearances, LIKENESS) == []


def crowd(count: int) -> NDArray[np.int8]:
    """Return made-up appearances, many of which are noisy copies or negatives of ten."""
    generator = np.random.default_rng(5)
    kinds = generator.integers(-90, 91, (10, SIDE, SIDE))
    chosen = kinds[generator.integers(0, 10, count)] * generator.choice([-1, 1], count)[:, None, None]
    blurred = generator.normal(0, generator.uniform(0, 90, count)[:, None, None], (count, SIDE, SIDE))
    return np.clip(np.rint(chosen + blurred), -127, 127).astype(np.int8)


@pytest.mark.parametrize("pairs", [1, 100, 1 << 22])
def test_the_groups_are_those_of_comparing_every_pair(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAIRS", pairs)
    films = crowd(60)
    hashes = perceptual_hashes(films)
    apart = np.array([[(one != other).sum() for other in hashes] for one in hashes])
    first, second = np.indices(apart.shape).reshape(2, -1)
    alike = np.abs(search.likenesses(films[first], films[second])).reshape(apart.shape) >= LIKENESS.correlation
    near = np.minimum(apart, search.BITS - apart) <= LIKENESS.distance
    count, _ = connected_components(near & alike)
    links = find_links(films, LIKENESS)
    assert 10 < count < 55
    assert len(links) == 60 - count
    assert all(near[link.later, link.earlier] and alike[link.later, link.earlier] for link in links)


def test_films_that_come_later_change_no_link() -> None:
    films = crowd(60)
    links = find_links(films, LIKENESS)
    for count in (0, 1, 20, 40):
        assert find_links(films[:count], LIKENESS) == [link for link in links if link.later < count]


def table_of(rows: list[dict[str, Any]], looks: list[int]) -> pd.DataFrame:
    """Return the near-duplicates of ``rows``, whose films are all different and look like ``looks``."""
    films = [replace(scanned(number), appearance=scanned(look).appearance) for number, look in enumerate(looks)]
    return near_duplicates(facts_of(rows, films), LIKENESS)


def test_the_table_names_the_film_that_came_first() -> None:
    rows = [row(number, "spine", batch=batch) for number, batch in enumerate([2, 1, 3, 1])]
    table = table_of(rows, [900, 900, 900, 901])
    assert list(table) == list(COLUMNS)
    assert table[["group", "path", "near_duplicate_of"]].to_numpy().tolist() == [
        ["images/0001.dcm", "images/0000.dcm", "images/0001.dcm"],
        ["images/0001.dcm", "images/0002.dcm", "images/0001.dcm"],
    ]
    assert dict(group_of(table)) == dict.fromkeys([f"images/000{number}.dcm" for number in range(3)], "images/0001.dcm")


def test_without_films_the_table_is_empty_and_has_its_columns() -> None:
    assert list(near_duplicates(facts_of([], []), LIKENESS)) == list(COLUMNS)


def test_a_copy_of_the_same_pixels_counts_once() -> None:
    rows = [row(number, "spine") for number in range(3)]
    assert near_duplicates(facts_of(rows, [scanned(7), scanned(7), scanned(8)]), LIKENESS).empty


def test_a_film_that_a_later_import_contradicts_keeps_its_links() -> None:
    rows = [row(0, "spine"), row(1, "spine"), row(2, "other", batch=2)]
    films = [scanned(0), replace(scanned(1), appearance=scanned(0).appearance), scanned(0)]
    facts = facts_of(rows, films)
    assert list(facts["reason"]) == [Reason.LABEL_CONFLICT, "", Reason.LABEL_CONFLICT]
    assert list(near_duplicates(facts, LIKENESS)["path"]) == ["images/0001.dcm"]
