"""Whether reading a film at the size that the network needs changes what is said of it, beside reading all of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.film import Film
from dicom_router.dicom.grid import EVERY_PIXEL
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess, target_shape
from dicom_router.dicom.reading import read, read_for
from dicom_router.model.answers import ROUTE
from dicom_router.model.decision import Rule
from dicom_router.model.network import Network
from dicom_router.model.outliers import FeatureStatistics


@dataclass(frozen=True, eq=False)
class ReadTwice:
    """One film, preprocessed from all of its pixels and from those that are needed: both ``(S, S)`` uint8."""

    whole: NDArray[np.uint8]
    needed: NDArray[np.uint8]
    reduced: bool  # the codestream was decoded at a smaller size

    @property
    def error(self) -> float:
        """Return the mean absolute difference, of 255."""
        return float(np.abs(self.whole.astype(np.int16) - self.needed).mean())


@dataclass(frozen=True)
class ReadingAgreement:
    """What became of N films."""

    n: int
    reduced: int  # decoded at a smaller size
    mean_error: float  # of 255, over the films
    largest_error: float  # of a film's mean
    labels_changed: int
    of_them_routed: int  # by what is in use, the needed pixels: must be none
    decisions_changed: int


def read_twice(path: Path, spec: PreprocessingSpec) -> ReadTwice:
    """Read the film at ``path`` either way.

    Raises:
        UnreadableImage: it cannot become one radiograph.
    """
    film = read_for(path, lambda header: target_shape((header.Rows, header.Columns), header.pixel_aspect, spec))
    reduced = not isinstance(film, Film) and film.grid != EVERY_PIXEL
    return ReadTwice(preprocess(read(path), spec), preprocess(film, spec), reduced)


def reading_agreement(
    films: Iterable[ReadTwice], network: Network, statistics: FeatureStatistics, rule: Rule
) -> ReadingAgreement:
    """Compare labels and decisions of ``films``, of which all pixels are held at once."""
    read = list(films)
    size = network.preprocessing.image_size
    sides = (np.array([film.whole for film in read]), np.array([film.needed for film in read]))
    outputs = [network.run(pixels.reshape(-1, size, size).astype(np.uint8)) for pixels in sides]
    whole, needed = (rule.decide(logits, statistics.scores(features)) for logits, features in outputs)
    errors = [film.error for film in read] or [0.0]
    changed = [new for old, new in zip(whole, needed, strict=True) if old.label != new.label]
    return ReadingAgreement(
        n=len(read),
        reduced=sum(film.reduced for film in read),
        mean_error=float(np.mean(errors)),
        largest_error=max(errors),
        labels_changed=len(changed),
        of_them_routed=sum(each.action == ROUTE for each in changed),
        decisions_changed=sum(old.action != new.action for old, new in zip(whole, needed, strict=True)),
    )
