"""How well unknown images are told from films: ``python -m benchmarks.outliers [--project FOLDER] [--real FOLDER]``.

The features of a trained network, scored as squared Mahalanobis distance (plain, scaled to length 1, of roots scaled
to length 1, and of these relative to one distribution for all classes: Ren 2021, arXiv 2106.09022), by the distance
to the tenth nearest training film (Sun 2022, ICML), and by the largest probability. Each figure is the area under the
ROC curve, known films against one kind of unknown image, with a 95% bootstrap interval over patients and images.

FOLDER is a project after ``dvc repro calibrate`` (default: a new one, with the sample of 1,500 films: some minutes).
With ``--without-limbs`` the network never sees a knee, ankle, elbow, hand or foot, and these are the unknown ones.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from sklearn.covariance import LedoitWolf

from benchmarks._unknown import KINDS
from dicom_router.dicom.preprocessing import preprocess
from dicom_router.dicom.reading import read
from dicom_router.errors import UnreadableImage
from dicom_router.evaluation.predictions import patient_numbers
from dicom_router.evaluation.reading import read_rule
from dicom_router.model.answers import REVIEW
from dicom_router.model.cache import PixelCache
from dicom_router.model.network import Network
from dicom_router.model.outlier_fitting import fit_statistics
from dicom_router.model.outliers import FILE, FeatureStatistics, rooted
from dicom_router.model.outputs import network_outputs
from dicom_router.model.probabilities import softmax
from dicom_router.sample.cohort import plan

ROOT = Path(__file__).resolve().parent.parent
RESAMPLES = 2000
NEIGHBOURS = 10
LIMBS = ("knee", "ankle", "elbow", "hand", "foot")
STAGES = ("validate", "split", "preprocess", "train", "calibrate")

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Score = Callable[[NDArray[np.float32], Features], Floats]  # of logits and features


@dataclass(frozen=True)
class Images:
    """What the network says of some images, and whose they are."""

    logits: NDArray[np.float32]
    features: Features
    owners: NDArray[np.int64]


def scores_of(train: Images, labels: NDArray[np.int64]) -> dict[str, Score]:
    """Return the ways to score, each larger for what is less known."""
    statistics = fit_statistics(train.features, labels)
    raw, root = train.features.astype(np.float64), rooted(train.features)
    plain, unit = _mahalanobis(raw, labels), _mahalanobis(_unit(raw), labels)
    background = _mahalanobis(root, np.zeros_like(labels))
    return {
        "Mahalanobis": lambda _, features: plain(features.astype(np.float64)),
        "of length 1": lambda _, features: unit(_unit(features)),
        "of roots of length 1": lambda _, features: statistics.scores(features),
        "relative, of roots": lambda _, features: statistics.scores(features) - background(rooted(features)),
        "10th neighbour, of roots": lambda _, features: _neighbour(root, rooted(features)),
        "max-softmax": lambda logits, _: -softmax(logits).max(axis=1),
    }


def _unit(features: NDArray[np.floating]) -> Floats:
    return np.asarray(features / np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True))


def _mahalanobis(points: Floats, labels: NDArray[np.int64]) -> Callable[[Floats], Floats]:
    places = np.unique(labels, return_inverse=True)[1]
    means = np.array([points[places == place].mean(axis=0) for place in range(places.max() + 1)])
    whitening = np.linalg.cholesky(LedoitWolf(assume_centered=True).fit(points - means[places]).precision_)
    return lambda others: (((others @ whitening)[:, np.newaxis] - means @ whitening) ** 2).sum(axis=2).min(axis=1)


def _neighbour(points: Floats, others: Floats) -> Floats:
    """Return the distance to the ``NEIGHBOURS``-th nearest of ``points``, all of length 1."""
    return np.sort(2 - 2 * others @ points.T, axis=1)[:, NEIGHBOURS - 1]


def auc_with_interval(known: Floats, owners: NDArray[np.int64], unknown: Floats) -> tuple[float, float, float]:
    """Return the area and its interval: patients of known films and unknown images are drawn with replacement."""
    above = (unknown > known[:, np.newaxis]) + 0.5 * (unknown == known[:, np.newaxis])
    rng = np.random.default_rng(1337)
    n_owners = int(owners.max()) + 1
    draws = rng.multinomial(n_owners, np.full(n_owners, 1 / n_owners), RESAMPLES)[:, owners].astype(np.float64)
    others = rng.multinomial(len(unknown), np.full(len(unknown), 1 / len(unknown)), RESAMPLES).astype(np.float64)
    areas = ((draws @ above) * others).sum(axis=1) / draws.sum(axis=1) / len(unknown)
    return float(above.mean()), *np.quantile(areas, [0.025, 0.975])


def images_of(network: Network, arrays: Iterable[NDArray[np.uint8]], folder: Path) -> Images:
    """Send grey arrays through a PNG file and the one preprocessing to the network."""
    paths = []
    for number, array in enumerate(arrays):
        paths.append(folder / f"{number}.png")
        Image.fromarray(array).save(paths[-1])
    return images_in(network, paths)


def images_in(network: Network, paths: Iterable[Path]) -> Images:
    """Run the network on the films at ``paths`` that can be read."""
    pixels = []
    for path in paths:
        try:
            pixels.append(preprocess(read(path), network.preprocessing))
        except UnreadableImage as error:
            print(f"left out: {path.name}: {error.reason}", file=sys.stderr)
    logits, features = network.run(np.array(pixels))
    return Images(logits, features, np.arange(len(pixels)))


def side_of(cache: PixelCache, network: Network, split: str) -> tuple[Images, NDArray[np.int64]]:
    """Run the network on one side of the split; return what it says and the labels."""
    rows = cache.rows(split)
    logits, features = network_outputs(network, cache.pixels, rows)
    return Images(logits, features, patient_numbers(cache.index.iloc[rows])), cache.labels(rows)


def leave_out_limbs(cache: Path, images: int, seed: int = 1) -> None:
    """Put the limbs of the sample on a side of their own, ``limbs``, so that training does not see them."""
    names = {order.image_id for order in plan(seed, images) if order.exam.scene in LIMBS}
    index = pd.read_parquet(cache / "index.parquet")
    limbs = index["path"].map(lambda path: Path(path).stem in names)
    index["split"] = index["split"].astype(object).mask(limbs, "limbs")
    index.to_parquet(cache / "index.parquet", index=False)


def make_project(folder: Path, images: int, without_limbs: bool) -> None:
    """Make the sample and run the pipeline up to ``calibrate`` in ``folder``."""
    for name in ("src", "params.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    programs = Path(sys.executable).parent
    command = [str(programs / "dicom-router"), "sample", "data", "--images", str(images)]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    for stage in STAGES:
        if stage == "train" and without_limbs:
            leave_out_limbs(folder / "artifacts/pixels", images)
        command = [sys.executable, "-m", f"dicom_router.stages.{stage}"]
        subprocess.run(command, cwd=folder, env=environment, check=True)


def unknown_images(cache: PixelCache, network: Network, real: Path | None) -> dict[str, Images]:
    """Return what the network says of each kind of unknown image."""
    found = {}
    for name, make in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = images_of(network, make(np.random.default_rng(1)), Path(folder))
    if len(cache.rows("limbs")):
        found["limbs, never seen"] = side_of(cache, network, "limbs")[0]
    for site in sorted(real.iterdir()) if real else ():
        if site.is_dir():
            found[f"real films: {site.name}"] = images_in(network, sorted((site / "images").iterdir()))
    return found


def report(project: Path, real: Path | None) -> None:
    """Print a table for each side of known films."""
    cache, network = PixelCache.open(project / "artifacts/pixels"), Network.load(project / "artifacts/network")
    scores = scores_of(*side_of(cache, network, "train"))
    unknown = unknown_images(cache, network, real)
    known_sides = {split: side_of(cache, network, split)[0] for split in ("validation", "test", "external")}
    for split, known in known_sides.items():
        print(f"\nknown: {len(known.logits)} {split} films of {known.owners.max() + 1} patients\n")
        print(f"| unknown | images | {' | '.join(scores)} |\n|---|---|{'---|' * len(scores)}")
        for name, images in unknown.items():
            areas = [
                auc_with_interval(
                    score(known.logits, known.features), known.owners, score(images.logits, images.features)
                )
                for score in scores.values()
            ]
            cells = " | ".join(f"{area:.3f} ({low:.3f}-{high:.3f})" for area, low, high in areas)
            print(f"| {name} | {len(images.logits)} | {cells} |")
    report_decisions(project, known_sides | unknown)


def report_decisions(project: Path, images: dict[str, Images]) -> None:
    """Print what the rule in use does with each kind of images."""
    rule = read_rule(project / "artifacts/calibration")
    statistics = FeatureStatistics.load(project / "artifacts/calibration" / FILE)
    print("\n| images | number | outlier | unsure | review for either |\n|---|---|---|---|---|")
    for name, each in images.items():
        decisions = rule.decide(each.logits, statistics.scores(each.features))
        shares = [np.mean([reason in one.reasons for one in decisions]) for reason in ("outlier", "unsure")]
        review = np.mean([one.action == REVIEW for one in decisions])
        print(f"| {name} | {len(decisions)} | {shares[0]:.0%} | {shares[1]:.0%} | {review:.0%} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a project after `dvc repro calibrate`")
    parser.add_argument("--real", type=Path, help="a folder with a folder of films, SITE/images, for each site")
    parser.add_argument("--images", type=int, default=1500, help="films of a new sample")
    parser.add_argument("--without-limbs", action="store_true", help="keep limbs out of the training")
    options = parser.parse_args()
    if options.project:
        report(options.project, options.real)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        make_project(Path(folder), options.images, options.without_limbs)
        report(Path(folder), options.real)


if __name__ == "__main__":
    main()
