"""A film answered by one model, in a process that may die; what its network saw is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.preprocessing import Preprocessed, PreprocessingSpec, preprocess_file
from dicom_router.errors import ModelError, UnreadableImage
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Result, unanswered
from dicom_router.model.in_cells import Loading
from dicom_router.model.inference import Classifier
from dicom_router.model.network import Network, Pixels
from dicom_router.model.session import NOT_RUN
from dicom_router.monitoring.thumbnails import thumbnail

NO_PROBABILITIES: Final = (None,) * len(CLASSES)
LARGEST: Final = float(np.finfo(np.float16).max)
AT_ONCE: Final = 2  # models that a process holds: the champion and a challenger


@dataclass(frozen=True)
class Asked:
    """A model that is asked: how it is loaded, and the version that it must be."""

    loading: Loading
    version: str


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model said of a film, and what its network saw: None where the film could not be read."""

    result: Result
    taken: PreprocessingSpec
    film: Preprocessed | None = None
    features: bytes | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Return the columns of the log, with the film as small as a report shows it."""
        small = None if self.film is None else thumbnail(self.film.pixels)
        return {**columns_of(self.result), "features": self.features, "png": small}


@dataclass(frozen=True)
class Witness(Network):
    """A network that keeps the features it saw last, which a ``Result`` does not hold."""

    last: list[NDArray[np.float32]] = field(default_factory=list)

    def run(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits and features, as ``Network`` does."""
        logits, features = super().run(pixels)
        self.last[:] = [features]
        return logits, features


def ask(asked: Asked, content: bytes, before: Answer | None = None) -> Answer:
    """Ask a model about a film of these bytes; what the answer ``before`` decoded is taken where it is the same.

    Raises:
        ModelError: the model in the folder became another one, must not be used on this film, or does not run.
    """
    classifier, witness = loaded(asked.loading)
    if classifier.version != asked.version:
        raise ModelError(f"the model became version {classifier.version} while films were scored by {asked.version}")
    taken = witness.preprocessing
    try:
        same = before.film if before is not None and before.taken == taken else None
        film = same or preprocess_file(content, taken)
    except UnreadableImage as error:
        return Answer(unanswered(Path(), error.reason, error.detail, classifier.facts), taken)
    with _in_words():
        result = classifier.judge(Path(), film)
    return Answer(result, taken, film, compact(witness.last[0][0]))


@lru_cache(maxsize=AT_ONCE)
def loaded(loading: Loading) -> tuple[Classifier, Witness]:
    """Load the model, once a process."""
    classifier = Classifier.load(**asdict(loading))
    witness = Witness(classifier.network.specification, classifier.network.session)
    return replace(classifier, network=witness), witness


def rehearse(asked: Asked) -> None:
    """Let a model answer a black film.

    Raises:
        ModelError: it cannot.
    """
    _, witness = loaded(asked.loading)
    side = witness.preprocessing.image_size
    with _in_words():
        witness.run(np.zeros((1, side, side), np.uint8))


@contextmanager
def _in_words() -> Iterator[None]:
    """Say that a graph does not run; ONNX Runtime's own words are many lines, and name files."""
    try:
        yield
    except NOT_RUN as error:
        raise ModelError(f"ONNX Runtime cannot run it ({type(error).__name__})") from error


def columns_of(result: Result) -> dict[str, Any]:
    """Return the columns that say what a film shows, or why nobody knows."""
    decision = result.decision
    return {
        "label": result.label or "",
        **dict(zip((f"p_{name}" for name in CLASSES), result.probabilities or NO_PROBABILITIES, strict=True)),
        "decision": "" if decision is None else decision.action,
        "reasons": "" if decision is None else " ".join(decision.reasons),
        "outlier_score": _finite(result.outlier_score),
        "header_disagrees": result.disagrees,
        "reason": "" if result.reason is None else str(result.reason),
    }


def compact(features: NDArray[np.float32]) -> bytes:
    """Return features ``(F,)`` as float16, little-endian, the largest cut off."""
    return np.clip(features, -LARGEST, LARGEST).astype("<f2").tobytes()


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
