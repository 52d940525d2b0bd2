"""A picture of the sample: rows of classes, films of both hospitals, marked as synthetic.

``python -m dicom_router.sample.montage docs/images/sample.png`` makes the one that the README shows.
"""

from pathlib import Path
from typing import Final

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dicom_router.dataset.table import COHORTS
from dicom_router.labels import CLASSES
from dicom_router.sample.cohort import Order, plan
from dicom_router.sample.making import film_of

_CELL: Final = 150  # pixels a side
_HEAD: Final = 26
_SIDE: Final = 112
_FILMS: Final = {"internal": 6, "external": 2}
_GREYS: Final = 48
_WHITE: Final = 235


def montage(seed: int) -> Image.Image:
    """Return films of the sample ``seed``: a row for each class, the internal cohort left, the external one right."""
    columns = sum(_FILMS.values())
    picture = Image.new("L", (_SIDE + columns * _CELL, _HEAD + len(CLASSES) * _CELL))
    write = ImageDraw.Draw(picture)
    for column, cohort in zip((0, _FILMS["internal"]), COHORTS, strict=True):
        text = f"SYNTHETIC, {cohort} cohort" if column else f"SYNTHETIC radiographs, {cohort} cohort"
        write.text((_SIDE + column * _CELL + 4, 6), text, fill=_WHITE, font=ImageFont.load_default(14))
    for row, name in enumerate(CLASSES):
        top = _HEAD + row * _CELL
        write.text((6, top + _CELL // 2 - 8), name.replace("_", " "), fill=_WHITE, font=ImageFont.load_default(13))
        for column, order in enumerate(_chosen(seed, name)):
            picture.paste(_thumbnail(order), (_SIDE + column * _CELL, top))
    return picture


def _chosen(seed: int, label: str) -> list[Order]:
    """Return films of a class, each of another patient and of as many kinds as there are, internal ones first."""
    chosen: list[Order] = []
    for cohort, count in _FILMS.items():
        orders = [order for order in plan(seed, 2000) if order.label == label and order.patient.cohort == cohort]
        of_patients = list({order.patient.number: order for order in reversed(orders)}.values())[::-1]
        kinds = {order.exam: order for order in reversed(of_patients)}
        varied = sorted(kinds.values(), key=of_patients.index)
        chosen += [*varied, *(order for order in of_patients if order not in varied)][:count]
    return chosen


def _thumbnail(order: Order) -> Image.Image:
    """Return a film in the middle of a cell, in few enough greys to keep the file small."""
    pixels = film_of(order).pixels
    image = Image.fromarray((pixels * np.float32(255.0)).astype(np.uint8))
    image.thumbnail((_CELL - 4, _CELL - 4), Image.Resampling.BOX)
    greys = image.point([(value * _GREYS // 256) * 255 // (_GREYS - 1) for value in range(256)])
    cell = Image.new("L", (_CELL, _CELL))
    cell.paste(greys, ((_CELL - greys.width) // 2, (_CELL - greys.height) // 2))
    return cell


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", default=1, show_default=True)
def main(target: Path, seed: int) -> None:
    """Write the montage of the sample SEED to TARGET, a PNG."""
    montage(seed).save(target, optimize=True)


if __name__ == "__main__":
    main()
