"""Measure which changes of a film are recognised and what is mistaken: ``python -m benchmarks near_duplicates``.

Needs the real films of ../shared/real-xr (475 of six sites); without them only the search is timed.
docs/benchmarks.md explains the figures.
"""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from PIL import Image, ImageDraw, ImageOps
from scipy.stats import binomtest

from dicom_router.dataset.near_duplicates.appearance import SIDE, appearance
from dicom_router.dataset.near_duplicates.search import (
    BITS,
    Likeness,
    distances,
    find_links,
    likenesses,
    perceptual_hashes,
)
from dicom_router.dicom.reading import read
from dicom_router.params import load_params

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "real-xr"
SITES = ("hannover", "nih", "kermany", "jordan", "oai", "nema")
SEARCHED, PLANTED = 16_093, 100
JOBS = 2

Change = Callable[[Image.Image], Image.Image]


def encoded(image: Image.Image, kind: str, **options: object) -> Image.Image:
    """Return ``image`` after a lossy codec."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("L")


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """Return ``image`` in another size."""
    return image.resize((max(8, round(image.width * factor)), max(8, round(image.height * factor))))


def toned(image: Image.Image, curve: Callable[[float], float]) -> Image.Image:
    """Return ``image`` with grey levels from 0 to 1 put through ``curve``, and clipped."""
    return image.point([round(255 * min(max(curve(level / 255), 0), 1)) for level in range(256)])


def cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """Return ``image`` without these shares of its sides."""
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), width - round(width * right), height - round(height * bottom))
    )


def written_on(image: Image.Image) -> Image.Image:
    """Return ``image`` with words in a corner."""
    image = image.copy()
    place, size = (image.width * 0.02, image.height * 0.02), max(8, image.height // 25)
    ImageDraw.Draw(image).text(place, "PORTABLE AP  R", fill=255, font_size=size)
    return image


CHANGES: dict[str, Change] = {
    "JPEG, quality 90": lambda image: encoded(image, "JPEG", quality=90),
    "JPEG, quality 60": lambda image: encoded(image, "JPEG", quality=60),
    "JPEG, quality 30": lambda image: encoded(image, "JPEG", quality=30),
    "JPEG 2000, 20:1": lambda image: encoded(image, "JPEG2000", quality_mode="rates", quality_layers=[20]),
    "JPEG 2000, 50:1": lambda image: encoded(image, "JPEG2000", quality_mode="rates", quality_layers=[50]),
    "8-bit PNG": lambda image: image,
    "scaled by 0.25": lambda image: scaled(image, 0.25),
    "scaled by 0.5": lambda image: scaled(image, 0.5),
    "scaled by 2": lambda image: scaled(image, 2),
    "inverted": ImageOps.invert,
    "gamma 0.5": lambda image: toned(image, lambda level: level**0.5),
    "gamma 2": lambda image: toned(image, lambda level: level**2),
    "window 10-90% of the range": lambda image: toned(image, lambda level: (level - 0.1) / 0.8),
    "window 25-85%": lambda image: toned(image, lambda level: (level - 0.25) / 0.6),
    "window 0-60%": lambda image: toned(image, lambda level: level / 0.6),
    "histogram equalised": ImageOps.equalize,
    "cropped by 1%, centred": lambda image: cropped(image, 0.005, 0.005, 0.005, 0.005),
    "cropped by 3%, centred": lambda image: cropped(image, 0.015, 0.015, 0.015, 0.015),
    "cropped by 3%, one corner": lambda image: cropped(image, 0.03, 0, 0, 0.03),
    "cropped by 6%, centred": lambda image: cropped(image, 0.03, 0.03, 0.03, 0.03),
    "cropped by 10%, centred": lambda image: cropped(image, 0.05, 0.05, 0.05, 0.05),
    "black border of 1%": lambda image: ImageOps.expand(image, max(1, round(0.005 * image.width)), 0),
    "black border of 3%": lambda image: ImageOps.expand(image, max(1, round(0.015 * image.width)), 0),
    "words in a corner": written_on,
    "cropped, inverted, gamma, half size, JPEG": lambda image: encoded(
        scaled(toned(ImageOps.invert(cropped(image, 0.01, 0, 0, 0.01)), lambda level: level**0.7), 0.5),
        "JPEG",
        quality=60,
    ),
}


def described(path: Path) -> np.ndarray:
    """Return the appearance of a film and of each change of it, `(1 + changes, SIDE, SIDE)` int8."""
    film = read(path)
    image = Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8))
    seen = [film.pixels, *(np.asarray(change(image), np.float32) / 255 for change in CHANGES.values())]
    return np.stack([np.frombuffer(appearance(np.ascontiguousarray(one)), np.int8).reshape(SIDE, SIDE) for one in seen])


def real_films() -> pd.DataFrame:
    """Return the tables of all sites; ``file`` is where a film lies."""
    tables = [pd.read_csv(REAL / site / "labels.csv", dtype=str).assign(site=site) for site in SITES]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(file=[REAL / site / path for site, path in zip(table["site"], table["path"], strict=True)])


def apart(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the bits between each of ``some`` and its counterpart or its complement, whichever is nearer."""
    agreement = (perceptual_hashes(some) * perceptual_hashes(others)).sum(axis=1)
    return ((BITS - np.abs(agreement)) / 2).astype(int)


def recognised(films: np.ndarray, likeness: Likeness) -> None:
    """Print the table of changes."""
    print("| change | most bits apart | least correlation | recognised |")
    print("|---|---|---|---|")
    for place, name in enumerate(CHANGES, 1):
        bits, found = apart(films[:, 0], films[:, place]), np.abs(likenesses(films[:, 0], films[:, place]))
        hits = int(((bits <= likeness.distance) & (found >= likeness.correlation)).sum())
        print(f"| {name} | {bits.max()} | {found.min():.2f} | {hits} of {len(films)} ({hits / len(films):.1%}) |")


def mistaken(table: pd.DataFrame, films: np.ndarray, likeness: Likeness) -> None:
    """Print the table of pairs that are not copies of one another, as far as their sources say."""
    first, second = np.triu_indices(len(films), 1)
    bits = distances(hashes := perceptual_hashes(films[:, 0]), hashes)[first, second].astype(int)
    near = np.flatnonzero(bits <= likeness.distance)
    found = np.zeros(len(bits))
    found[near] = np.abs(likenesses(films[first[near], 0], films[second[near], 0]))
    matched = found >= likeness.correlation
    of = {
        name: table[name].to_numpy()[first] == table[name].to_numpy()[second]
        for name in ("patient_id", "label", "site")
    }
    kinds = {
        "different patients, different classes": ~of["patient_id"] & ~of["label"],
        "different patients, one class": ~of["patient_id"] & of["label"],
        "of these, one site": ~of["patient_id"] & of["label"] & of["site"],
        "one patient": of["patient_id"] & (table["site"].to_numpy()[first] != "nema"),
        "one patient, nema: the same film": of["patient_id"] & (table["site"].to_numpy()[first] == "nema"),
    }
    print("| pairs | n | least bits apart | highest correlation within the distance | matched | rate, 95% interval |")
    print("|---|---|---|---|---|---|")
    for name, kind in kinds.items():
        count, hits = int(kind.sum()), int((kind & matched).sum())
        interval = binomtest(hits, count).proportion_ci(method="exact")
        highest = found[kind].max(initial=0)
        rate = f"{hits / count:.2g} ({interval.low:.2g} to {interval.high:.2g})"
        print(f"| {name} | {count:,} | {bits[kind].min()} | {highest:.3f} | {hits} | {rate} |")
    paths = table["site"] + "/" + table["path"]
    print("\ndifferent patients, matched:")
    for place in np.flatnonzero(matched & ~of["patient_id"]):
        print(f"  {paths[first[place]]} {paths[second[place]]}: {bits[place]} bits, {found[place]:.3f}")


def search(likeness: Likeness) -> None:
    """Time the search over made-up films, copies among them, against comparing in Python."""
    generator = np.random.default_rng(0)
    many = generator.integers(-100, 100, (SEARCHED, SIDE, SIDE), dtype=np.int8)
    copies = np.clip(many[:PLANTED] + generator.integers(-20, 20, (PLANTED, SIDE, SIDE)), -127, 127)
    many[-PLANTED:] = copies
    start = time.process_time()
    links = find_links(many, likeness)
    ours = time.process_time() - start
    whole = [int("".join("1" if sign > 0 else "0" for sign in of), 2) for of in perceptual_hashes(many)]
    start = time.process_time()
    for other in whole[1:101]:
        [place for place, one in enumerate(whole) if (one ^ other).bit_count() <= likeness.distance]
    plain = (time.process_time() - start) / 100 * SEARCHED / 2
    print(f"{SEARCHED:,} films: {len(links)} of {PLANTED} planted found in {ours:.1f} s of one core;")
    print(f"comparing the hashes in a Python loop, extrapolated from 100 films: {plain:.0f} s, {plain / ours:.0f} x")


def main() -> None:
    """Print all tables."""
    thresholds = load_params(ROOT / "params.yaml").validation
    likeness = Likeness(thresholds.near_duplicate_distance, thresholds.near_duplicate_correlation)
    print(f"at most {likeness.distance} of {BITS} bits apart, correlation at least {likeness.correlation}")
    if REAL.is_dir():
        table = real_films()
        films = np.stack(Parallel(n_jobs=JOBS)(delayed(described)(file) for file in table["file"]))
        recognised(films, likeness)
        print()
        mistaken(table, films, likeness)
        print()
    search(likeness)


if __name__ == "__main__":
    main()
