"""Films to labels by ONNX Runtime: no torch, no pandas. The one way that stages, commands and services classify."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess_file
from dicom_router.errors import ModelError, UnreadableImage
from dicom_router.labels import CLASSES
from dicom_router.model.decision import Decision, Guarantee, Rule, guarantee_of
from dicom_router.model.folder import GRAPH, MODEL, NETWORK, read_specification
from dicom_router.model.outliers import FILE, FeatureStatistics
from dicom_router.model.probabilities import softmax
from dicom_router.model.session import InferenceSession, open_session
from dicom_router.reasons import Reason

BATCH: Final = 32

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Network:
    """An exported network: uint8 pixels in, logits and features out."""

    specification: dict[str, Any]
    session: InferenceSession

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> Self:
        """Load ``network.json`` and ``network.onnx`` of ``folder``.

        Raises:
            ModelError: the folder is incomplete, damaged, or of another release.
        """
        return cls(read_specification(folder, NETWORK), open_session(folder / GRAPH, threads))

    @property
    def preprocessing(self) -> PreprocessingSpec:
        """Return how the training pixels were made."""
        return PreprocessingSpec.from_dict(self.specification["preprocessing"])

    def run(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits ``(N, 5)`` and features ``(N, F)``, float32, of ``pixels`` ``(N, S, S)`` uint8."""
        size = self.preprocessing.image_size
        if pixels.ndim != 3 or pixels.shape[1:] != (size, size) or pixels.dtype != np.uint8:
            raise ValueError(f"pixels are {pixels.dtype} {pixels.shape}; the network takes uint8 (N, {size}, {size})")
        parts = [self._batch(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
        if not parts:
            nothing = np.empty((0, len(CLASSES)), np.float32)
            return nothing, np.empty((0, self.specification["num_features"]), np.float32)
        return np.concatenate([logits for logits, _ in parts]), np.concatenate([features for _, features in parts])

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return ``(N, 5)`` float32, classes in the order of ``CLASSES``."""
        return self.run(pixels)[0]

    def features(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return ``(N, F)`` float32, what the network's last layer sees."""
        return self.run(pixels)[1]

    def _batch(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scaled = pixels[:, np.newaxis].astype(np.float32) / np.float32(255)
        logits, features = self.session.run(["logits", "features"], {"pixels": scaled})
        return np.asarray(logits), np.asarray(features)


@dataclass(frozen=True)
class Result:
    """What became of one file: a label with probabilities, or a reason why there is none."""

    path: Path
    label: str | None = None
    probabilities: tuple[float, ...] | None = None  # of CLASSES, summing to 1
    reason: Reason | None = None
    detail: str = ""
    decision: Decision | None = None  # route or review; None without a label
    outlier_score: float | None = None  # the squared distance to the nearest class; the larger, the less known
    guarantee: str = ""  # what is certified of the films that the model routes


@dataclass(frozen=True)
class Classifier:
    """A packaged model: network, calibration, when it routes, and whom it may be used on."""

    network: Network
    temperature: float
    statistics: FeatureStatistics
    rule: Rule
    guarantee: Guarantee
    synthetic: bool
    version: str
    allow_synthetic: bool = False

    @classmethod
    def load(cls, folder: Path, *, allow_synthetic: bool = False, threads: int = 1) -> Self:
        """Load the model that the package stage wrote into ``folder``.

        Args:
            folder: holds ``model.json`` and the files it lists.
            allow_synthetic: let a model trained on synthetic images classify real films.
            threads: CPU threads of the network.

        Raises:
            ModelError: the folder is incomplete, damaged, or of another release.
        """
        specification = read_specification(folder, MODEL)
        network = Network(specification, open_session(folder / GRAPH, threads))
        return cls(
            network=network,
            temperature=float(specification["temperature"]),
            statistics=FeatureStatistics.load(folder / FILE),
            rule=Rule.from_specification(specification),
            guarantee=guarantee_of(specification),
            synthetic=bool(specification["synthetic"]),
            version=str(specification["version"]),
            allow_synthetic=allow_synthetic,
        )

    def classify(self, paths: Iterable[Path]) -> Iterator[Result]:
        """Yield one result for each path, in order, reading one file at a time.

        Raises:
            ModelError: a real film meets a model that was trained on synthetic images.
        """
        for path in paths:
            yield self._classify(path)

    def probabilities(self, pixels: Pixels) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(N, 5)`` float64 of ``pixels`` ``(N, S, S)`` uint8."""
        return softmax(self.network.logits(pixels), self.temperature)

    def _classify(self, path: Path) -> Result:
        try:
            film = preprocess_file(path, self.network.preprocessing)
        except UnreadableImage as error:
            return Result(path, reason=error.reason, detail=error.detail)
        self._refuse_real_film(film.header.synthetic)
        logits, features = self.network.run(film.pixels[np.newaxis])
        scores = self.statistics.scores(features)
        (decision,) = self.rule.decide(logits, scores)
        return Result(
            path,
            label=decision.label,
            probabilities=tuple(softmax(logits, self.temperature)[0].tolist()),
            decision=decision,
            outlier_score=float(scores[0]),
            guarantee=self.guarantee.statement,
        )

    def _refuse_real_film(self, synthetic_film: bool) -> None:
        if self.synthetic and not synthetic_film and not self.allow_synthetic:
            raise ModelError(
                f"model {self.version} was trained on synthetic images and this film is real: train on real films"
                " first, or, for a trial only, use --allow-synthetic-model (allow_synthetic=True)"
            )
