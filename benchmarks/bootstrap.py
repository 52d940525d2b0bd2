"""Time the bootstrap against scikit-learn in a loop and scipy: ``python -m benchmarks bootstrap``.

All three draw patients, not images, and compute the same figures of the same made-up
predictions: 2,419 images (the size of the published test set) of about 1,900 patients. One core.
The loop is timed on fewer resamples and extrapolated; the table says so.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy starts its threads
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from dicom_router.evaluation import confusion
from dicom_router.evaluation.bootstrap import Bootstrap, patient_sums
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.figures import confusion_samples, estimates
from dicom_router.evaluation.predictions import Predictions, Scored, predictions_table
from dicom_router.labels import CLASSES

IMAGES, PATIENTS, RESAMPLES, LOOPED, REPEATS = 2419, 1900, 10_000, 50, 5
SETTINGS = Bootstrap(resamples=RESAMPLES, confidence=0.95, minimum_patients=20, seed=1337)


def made_up_table() -> pd.DataFrame:
    """Return predictions of patients of one class each, about 98% right, with what subgroups need."""
    generator = np.random.default_rng(0)
    patient = np.sort(np.append(np.arange(PATIENTS), generator.integers(PATIENTS, size=IMAGES - PATIENTS)))
    labels = generator.choice(len(CLASSES), size=PATIENTS, p=[0.15, 0.3, 0.2, 0.15, 0.2])[patient]
    logits = generator.normal(size=(IMAGES, len(CLASSES)))
    logits[np.arange(IMAGES), labels] += 4
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    index = pd.DataFrame(
        {
            "path": [f"images/{number:05d}.dcm" for number in range(IMAGES)],
            "label": np.array(CLASSES)[labels],
            "patient_id": [f"P{number:05d}" for number in patient],
            "cohort": "internal",
            "site": generator.choice(["north", "south", "west"], IMAGES),
            "sex": generator.choice(["F", "M", ""], IMAGES),
            "age_years": generator.uniform(0, 90, IMAGES),
            "view": generator.choice(["AP", "PA", "LATERAL"], IMAGES),
            "Manufacturer": generator.choice(["Maker A", "Maker B", "Maker C"], IMAGES),
            "PhotometricInterpretation": generator.choice(["MONOCHROME1", "MONOCHROME2"], IMAGES),
        }
    )
    return predictions_table(index, probabilities)


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the best of ``repeats`` runs, in seconds of the processor, whatever else the machine does."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def scikit_learn_loop(predictions: Predictions, resamples: int) -> None:
    """Compute the confusion-matrix figures of ``resamples`` resamples as one would by hand."""
    generator = np.random.default_rng(0)
    ends = np.bincount(predictions.patients).cumsum()[:-1]
    images_of = np.split(np.argsort(predictions.patients, kind="stable"), ends)
    predicted, classes = predictions.predicted, np.arange(len(CLASSES))
    for _ in range(resamples):
        drawn = generator.integers(len(images_of), size=len(images_of))
        images = np.concatenate([images_of[patient] for patient in drawn])
        true, said = predictions.labels[images], predicted[images]
        precision_recall_fscore_support(true, said, labels=classes, zero_division=0)
        precision_recall_fscore_support(true, said, labels=classes, zero_division=0, average="macro")
        accuracy_score(true, said)


def scipy_bootstrap(predictions: Predictions) -> None:
    """Compute the same figures by ``scipy.stats.bootstrap``, vectorised over resamples, from counts of each patient."""
    sums = patient_sums(confusion.image_counts(predictions), predictions.patients)

    def statistic(places: np.ndarray, axis: int) -> np.ndarray:
        counts = confusion.counts(sums[places].sum(axis=-2))
        figures = [function(counts) for function in (confusion.recall, confusion.precision, confusion.f1)]
        macros = [confusion.macro(figure)[..., np.newaxis] for figure in figures]
        overall = confusion.accuracy(counts)[..., np.newaxis]
        return np.moveaxis(np.concatenate([*figures, *macros, overall], axis=-1), -1, 0)

    stats.bootstrap(
        (np.arange(len(sums)),), statistic, n_resamples=RESAMPLES, batch=100, method="percentile", vectorized=True
    )


def main() -> None:
    """Print the table."""
    table = made_up_table()
    predictions = Predictions.from_table(table)
    ours = seconds(lambda: estimates(confusion_samples(predictions, SETTINGS, "confusion"), SETTINGS))
    everything = seconds(lambda: evaluation_document(Scored(table, predictions, synthetic=True), SETTINGS))
    loop = seconds(lambda: scikit_learn_loop(predictions, LOOPED), repeats=2) * RESAMPLES / LOOPED
    scipys = seconds(lambda: scipy_bootstrap(predictions), repeats=1)
    print(f"{IMAGES:,} images of {predictions.n_patients:,} patients, {RESAMPLES:,} resamples of patients, one core\n")
    print("| what | by | CPU seconds | times ours |")
    print("|---|---|---|---|")
    print(f"| confusion-matrix figures | this package | {ours:.3f} | 1 |")
    print(f"| the same | scipy.stats.bootstrap, vectorised | {scipys:.1f} | {scipys / ours:,.0f} |")
    by_hand = f"scikit-learn in a loop, extrapolated from {LOOPED} resamples"
    print(f"| the same | {by_hand} | {loop:.1f} | {loop / ours:,.0f} |")
    print(f"| everything in test.json, subgroups too | this package | {everything:.3f} | |")


if __name__ == "__main__":
    main()
