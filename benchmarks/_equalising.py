"""Films whose sites no longer differ in one thing: resolution, histogram, compression, or all three.

What is changed is the file that comes in; the pipeline stays as it is. A film is read as the pipeline reads it, so that
bone is bright, changed, and stored as an 8-bit PNG beside a table like the site's own.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from dicom_router.dicom.reading import read

LONG_SIDE: Final = 48  # pixels that are left of every film: fewer than the smallest site has, and than a network sees
STORED: Final = 224  # pixels of the long side of the file
QUALITY: Final = 30  # of JPEG

Step = Callable[[Image.Image], Image.Image]  # of mode L


def one_resolution(film: Image.Image) -> Image.Image:
    """Reduce to ``LONG_SIDE`` pixels, area by area, and enlarge to ``STORED``."""
    return _scaled(_scaled(film, LONG_SIDE, Image.Resampling.BOX), STORED, Image.Resampling.BICUBIC)


def one_histogram(film: Image.Image) -> Image.Image:
    """Give all greys the same share, as far as greys that are equal allow."""
    return ImageOps.equalize(film)


def one_compression(film: Image.Image) -> Image.Image:
    """Leave the traces of JPEG of ``QUALITY``."""
    coded = io.BytesIO()
    film.save(coded, "JPEG", quality=QUALITY)
    with Image.open(coded) as traced:
        return traced.copy()


AS_THEY_ARE: Final = "as they are"
EQUALISED: Final[Mapping[str, Sequence[Step]]] = {
    "resolution": (one_resolution,),
    "histogram": (one_histogram,),
    "compression": (one_compression,),
    "all three": (one_resolution, one_histogram, one_compression),  # as a camera, a radiographer and an archive would
}


def equalise(site: Path, target: Path, steps: Sequence[Step]) -> None:
    """Write the films that ``site/labels.csv`` names into ``target``, each after ``steps``; the table comes last.

    Of films that are the same afterwards the first is written: import and validation would not take copies either.
    """
    if (target / "labels.csv").is_file():
        return
    (target / "images").mkdir(parents=True, exist_ok=True)
    with (site / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    films: dict[bytes, dict[str, str]] = {}
    for row in rows:
        films.setdefault(_as_png(site / row["path"], steps), row)
    for number, (film, row) in enumerate(films.items()):
        row["path"] = f"images/{number}.png"
        (target / row["path"]).write_bytes(film)
    with (target / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(films.values())


def as_image(path: Path) -> Image.Image:
    """Return the film in a file with 8 bits."""
    return Image.fromarray(np.rint(read(path).pixels * 255).astype(np.uint8))


def _as_png(path: Path, steps: Sequence[Step]) -> bytes:
    film, coded = as_image(path), io.BytesIO()
    for step in steps:
        film = step(film)
    film.save(coded, "PNG")
    return coded.getvalue()


def _scaled(film: Image.Image, long_side: int, way: Image.Resampling) -> Image.Image:
    scale = long_side / max(film.size)
    width, height = (max(1, round(side * scale)) for side in film.size)
    return film.resize((width, height), way)
