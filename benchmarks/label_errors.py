"""Plant wrong labels in the sample and look for them: ``python -m benchmarks label_errors``.

1,500 synthetic films, 3% of them with a wrong label, drawn evenly over films and other classes by a fixed seed.
Three ways to judge them, by the same networks and the same rule for what is likely wrong:
`dataset check-labels` (each film judged by a network that saw neither it nor its patient), the shortcut of one
network for all films whose features a regression judges out of sample (the features have seen the wrong labels),
and that network's own probabilities (seen everything). ``--project`` uses the pixel cache of a folder in which the
stages up to preprocess have run; a killed run of it goes on, in the folder's work/label-errors.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dicom_router.dataset.table import ORIGIN, read_labels, write_labels
from dicom_router.evaluation.exact import clopper_pearson
from dicom_router.evaluation.label_check import rank_labels, with_current_labels
from dicom_router.evaluation.predictions import patient_numbers
from dicom_router.labels import CLASSES
from dicom_router.model.cache import PixelCache, cache_digest
from dicom_router.model.cross_fitting import Crossing, deal, work_name
from dicom_router.model.training.batches import Images, batches_in_order
from dicom_router.model.training.fitting import fit
from dicom_router.model.training.recipe import Recipe
from dicom_router.params import load_params
from dicom_router.storage import write_atomically

ROOT = Path(__file__).resolve().parent.parent
FOLDS, SHARE, SEED, CONFIDENCE = 4, 0.03, 2021, 0.95
HEADS = (45, 100, 200)


@dataclass(frozen=True)
class Way:
    """A way to judge the films, and its ranked list."""

    name: str
    table: pd.DataFrame  # what ``rank_labels`` returns


def plant(labels: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, set[str]]:
    """Return ``labels`` with ``share`` of them wrong, and the paths of those films."""
    generator = np.random.default_rng(seed)
    wrong = np.sort(generator.choice(len(labels), round(share * len(labels)), replace=False))
    steps = generator.integers(1, len(CLASSES), len(wrong))
    given = pd.Index(CLASSES).get_indexer(pd.Index(labels["label"].iloc[wrong].astype(object)))
    planted = labels.copy()
    planted.iloc[wrong, planted.columns.get_loc("label")] = np.array(CLASSES)[(given + steps) % len(CLASSES)]
    return planted, set(labels["path"].iloc[wrong])


def planted_copy(project: Path, folder: Path, share: float, seed: int) -> set[str]:
    """Make ``folder`` a project of the films of ``project`` with wrong labels, and return their paths."""
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    for name in ("params.yaml", f"data/{ORIGIN}"):
        write_atomically(folder / name, (project / name).read_bytes())
    pixels = folder / "artifacts/pixels"
    pixels.unlink(missing_ok=True)
    pixels.symlink_to((project / "artifacts/pixels").resolve())
    planted, wrong = plant(read_labels(project / "data"), share, seed)
    write_labels(folder / "data", planted)
    return wrong


def run(project: Path, *command: str) -> None:
    """Run a command in ``project``, with this repository's code."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PATH": programs}
    subprocess.run(command, cwd=project, env=environment, check=True)


def prepare(project: Path, images: int) -> None:
    """Write the sample and its pixel cache into ``project``."""
    (project / "artifacts").mkdir(parents=True)
    (project / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    run(project, "dicom-router", "sample", "--images", str(images), "data")
    for stage in ("validate", "split", "preprocess"):
        run(project, sys.executable, "-m", f"dicom_router.stages.{stage}")


def check_labels(project: Path, folds: int) -> Way:
    """Run the command itself."""
    run(project, "dicom-router", "dataset", "check-labels", "--folds", str(folds))
    return Way("check-labels", pd.read_csv(project / "reports/label_check.csv"))


def shortcuts(project: Path, folds: int) -> Iterator[Way]:
    """Train one network on all films, and judge by its features and by its own probabilities."""
    cache = PixelCache.open(project / "artifacts/pixels")
    films = with_current_labels(cache.index, read_labels(project / "data"))
    labels = pd.Index(CLASSES).get_indexer(pd.Index(films["label"].astype(object))).astype(np.int64)
    images = Images(cache.pixels, films.index.to_numpy(np.int64), labels)
    recipe = Recipe.from_mapping(load_params(project / "params.yaml").train.model_dump())
    nothing = Images(cache.pixels, images.rows[:0], labels[:0])
    parts = deal(labels, patient_numbers(films), folds, recipe.seed)
    name = work_name(cache_digest(project / "artifacts/pixels"), Crossing(images, parts, recipe))
    network = fit(images, nothing, recipe, project / "work/one-network" / name, tell=lambda _: None).network
    with torch.no_grad():
        answers = [
            network.logits_and_features(pixels[:, None].float() / 255) for pixels, _ in batches_in_order(images, 32)
        ]
    features = torch.cat([each for _, each in answers]).numpy()
    own = torch.cat([each for each, _ in answers]).double().softmax(1).numpy()
    splits = [(np.flatnonzero(parts != part), np.flatnonzero(parts == part)) for part in range(folds)]
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    judged = np.zeros((len(labels), len(CLASSES)))
    judged[:, np.unique(labels)] = cross_val_predict(regression, features, labels, cv=splits, method="predict_proba")
    yield Way("one network's features, regression out of sample", rank_labels(films["path"], films["label"], judged))
    yield Way("one network's own probabilities", rank_labels(films["path"], films["label"], own))


def share_in_words(hits: int, of: int) -> str:
    """Return ``0.42 (0.31-0.54), 21 of 50`` with the exact interval."""
    if not of:
        return "undefined, 0 of 0"
    low, high = clopper_pearson(hits / of, of, CONFIDENCE)
    return f"{hits / of:.2f} ({low:.2f}-{high:.2f}), {hits} of {of}"


def row(way: Way, wrong: set[str]) -> str:
    """Return a line of the table."""
    is_wrong = way.table["path"].isin(wrong).to_numpy()
    flagged = way.table["likely_error"].to_numpy(bool)
    hits = int((is_wrong & flagged).sum())
    quality = average_precision_score(is_wrong, -way.table["rank"])
    heads = " / ".join(str(int(is_wrong[:head].sum())) for head in HEADS)
    precision, recall = share_in_words(hits, int(flagged.sum())), share_in_words(hits, int(is_wrong.sum()))
    return f"| {way.name} | {precision} | {recall} | {quality:.2f} | {heads} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1500)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--project", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project = options.project or Path(scratch) / "project"
        if not options.project:
            prepare(project, options.images)
        planted = project / "work/label-errors"
        wrong = planted_copy(project, planted, options.share, options.seed)
        ways = [check_labels(planted, options.folds), *shortcuts(planted, options.folds)]
    films = len(ways[0].table)
    wrong &= set(ways[0].table["path"])
    print(f"\n{films:,} synthetic films, {len(wrong)} labels wrong ({len(wrong) / films:.1%}), seed {options.seed}\n")
    print(f"| judged by | precision | recall | average precision | among the first {' / '.join(map(str, HEADS))} |")
    print("|---|---|---|---|---|")
    for way in ways:
        print(row(way, wrong))


if __name__ == "__main__":
    main()
