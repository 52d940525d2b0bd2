"""Whether reading at the size that is needed changes an answer: ``python -m benchmarks.reading_agreement``.

Every test film is preprocessed from all of its pixels and from those that are needed, and goes through the network
and its rule. The films of the sample are smaller than what is decoded at a fraction of its size, so they are also
enlarged and coded anew, with the grain of a detector; so is every film of the folder ``--real``, as it is.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.classify import CODINGS, NOISE, write_film
from benchmarks.outliers import make_project
from dicom_router.dicom.reading import read
from dicom_router.errors import UnreadableImage
from dicom_router.evaluation.reading import read_rule
from dicom_router.evaluation.reading_agreement import ReadTwice, read_twice, reading_agreement
from dicom_router.model.cache import PixelCache
from dicom_router.model.network import Network
from dicom_router.model.outliers import FILE, FeatureStatistics

ANEW = {"JPEG 2000 lossless": 12, "JPEG baseline": 8}  # codings that are decoded at a smaller size, and their bits
ENLARGED_TO = 1500  # pixels of the longer side, of synthetic films

Grey = NDArray[np.float32]


def enlarged(film: Grey, random: np.random.Generator) -> Grey:
    """Return ``film`` with a longer side of ``ENLARGED_TO`` pixels and a detector's grain."""
    scale = ENLARGED_TO / max(film.shape)
    size = (round(film.shape[1] * scale), round(film.shape[0] * scale))
    large = np.clip(np.asarray(Image.fromarray(film).resize(size, Image.Resampling.BICUBIC)), 0, 1)
    return (large + random.normal(0, NOISE, large.shape) * np.sqrt(large)).astype(np.float32)


def as_it_is(film: Grey, random: np.random.Generator) -> Grey:
    """Return ``film``."""
    return film


def read_all(network: Network, paths: Sequence[Path]) -> Iterator[ReadTwice]:
    """Yield the films that can be read, each twice."""
    for path in paths:
        try:
            yield read_twice(path, network.preprocessing)
        except UnreadableImage as error:
            print(f"left out: {path.name}: {error.reason}", file=sys.stderr)


def coded_anew(
    network: Network, paths: Sequence[Path], name: str, change: Callable[[Grey, np.random.Generator], Grey]
) -> Iterator[ReadTwice]:
    """Yield the films, changed and written in the coding ``name``, each read twice."""
    bits, random = ANEW[name], np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.dcm"
        for path in paths:
            try:
                pixels = change(read(path).pixels, random)
            except UnreadableImage:
                continue
            words = np.rint(np.clip(pixels, 0, 1) * ((1 << bits) - 1))
            write_film(target, words.astype(np.uint8 if bits == 8 else np.uint16), bits, CODINGS[name])
            yield read_twice(target, network.preprocessing)


def report(project: Path, real: Path | None) -> None:
    """Print a row for each set of films."""
    network = Network.load(project / "artifacts/network")
    calibration = project / "artifacts/calibration"
    statistics, rule = FeatureStatistics.load(calibration / FILE), read_rule(calibration)
    index = PixelCache.open(project / "artifacts/pixels").index
    test = [project / "data" / path for path in index.loc[index["split"] == "test", "path"]]
    sets = [("test films", test, enlarged)]
    sites = sorted(site for site in real.iterdir() if site.is_dir()) if real else []
    sets += [(site.name, sorted((site / "images").iterdir()), as_it_is) for site in sites]
    print(
        "| films | number | at a smaller size | mean error, of 255 | largest of a film | other label | of them routed"
        " | other decision |\n|---|---|---|---|---|---|---|---|"
    )
    for title, paths, change in sets:
        kinds = {"as they are": read_all(network, paths)}
        kinds |= {f"in {name}": coded_anew(network, paths, name, change) for name in ANEW}
        for kind, films in kinds.items():
            found = reading_agreement(films, network, statistics, rule)
            print(
                f"| {title}, {kind} | {found.n} | {found.reduced} | {found.mean_error:.3f} | {found.largest_error:.3f}"
                f" | {found.labels_changed} | {found.of_them_routed} | {found.decisions_changed} |",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a project after `dvc repro calibrate`")
    parser.add_argument("--real", type=Path, help="a folder with a folder of films, SITE/images, for each site")
    parser.add_argument("--images", type=int, default=1500, help="films of a new sample")
    options = parser.parse_args()
    if options.project:
        report(options.project, options.real)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        make_project(Path(folder), options.images, without_limbs=False)
        report(Path(folder), options.real)


if __name__ == "__main__":
    main()
