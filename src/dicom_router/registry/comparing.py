"""Two versions on the same films: what one learnt from says nothing about the other."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.estimates import Estimate, estimate
from dicom_router.evaluation.figures import confusion_change
from dicom_router.evaluation.predictions import PROBABILITIES, Predictions
from dicom_router.model.inference import Classifier
from dicom_router.registry.known_films import KnownFilms, film_table


@dataclass(frozen=True)
class Comparison:
    """Macro F1 of the new version minus that of the old one."""

    change: Estimate
    images: int
    known: int  # test films left out, since the old version learnt from them or from their patients
    unread: int  # test films left out, since the old version cannot read them


def compare(project: Path, old: Path, known: KnownFilms, settings: Bootstrap) -> Comparison:
    """Compare the model of ``project`` with the one in the folder ``old``, that was made with ``known`` films.

    The old model is run on the files themselves, since it may take pixels otherwise.

    Raises:
        ModelError: the old model's folder is damaged or of another release.
    """
    ours = pd.read_parquet(project / "reports/test_predictions.parquet")
    ours = ours.merge(film_table(project)[["path", "pixel_sha256"]], on="path", how="left", validate="one_to_one")
    strangers = ours[~known.among(ours)]
    theirs = _predict(Classifier.load(old, allow_synthetic=True), project / "data", strangers)
    read = theirs[PROBABILITIES[0]].notna().to_numpy(bool)
    change = _change(strangers[read], theirs[read], settings)
    return Comparison(change, int(read.sum()), len(ours) - len(strangers), int((~read).sum()))


def _predict(classifier: Classifier, data: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` with the probabilities of ``classifier``; NaN where it cannot read a film."""
    results = classifier.classify(data / path for path in table["path"])
    nothing = (np.nan,) * len(PROBABILITIES)
    found = [result.probabilities or nothing for result in results]
    return table.assign(**pd.DataFrame(found, columns=list(PROBABILITIES), index=table.index, dtype=np.float64))


def _change(ours: pd.DataFrame, theirs: pd.DataFrame, settings: Bootstrap) -> Estimate:
    if ours.empty:
        return Estimate.undefined("no test film is unknown to both")
    after, before = Predictions.from_table(ours), Predictions.from_table(theirs)
    return estimate(confusion_change(after, before, settings, "champion")["macro.f1"], settings)
