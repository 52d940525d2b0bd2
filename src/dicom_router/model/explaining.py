"""One film explained: the answer, what the network saw, and what the answer rests on."""

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dicom_router.cells import Lost, map_in_cells
from dicom_router.dicom.preprocessing import Preprocessed, PreprocessingSpec, preprocess_file
from dicom_router.errors import UnreadableImage
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Result
from dicom_router.model.inference import Classifier
from dicom_router.model.saliency import Saliency, occlusion
from dicom_router.walking import as_text

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What is said of one film, and why."""

    name: str  # of the file, without its folders
    result: Result  # with a label
    pixels: Pixels  # (S, S), what the network saw
    saliency: Saliency  # of the label
    outlier_limit: float | None  # that most known films stay below, by calibrate.outlier_share


def explain(classifier: Classifier, path: Path, timeout: float) -> Explanation:
    """Explain the film at ``path``, which a process of its own reads, since a decoder may crash.

    Raises:
        UnreadableImage: it cannot become one radiograph, or not within ``timeout`` seconds.
        ModelError: it is real, and the model was trained on synthetic films.
    """
    film = _read_apart(path, classifier.network.preprocessing, timeout)
    result = classifier.judge(path, film)
    saliency = occlusion(classifier.network, classifier.temperature, film.pixels, CLASSES.index(str(result.label)))
    limit = classifier.rule.outlier_limit
    return Explanation(as_text(path.name), result, film.pixels, saliency, limit if np.isfinite(limit) else None)


def _read_apart(path: Path, spec: PreprocessingSpec, timeout: float) -> Preprocessed:
    """Return the film at ``path`` as a process of its own reads it.

    Raises:
        UnreadableImage: it cannot become one radiograph.
    """
    read = partial(preprocess_file, spec=spec)
    with closing(map_in_cells(read, [path.absolute()], workers=1, timeout=timeout)) as outcomes:
        outcome = next(outcomes)
    if isinstance(outcome, Lost):
        raise UnreadableImage(outcome.reason, outcome.detail)
    return outcome
