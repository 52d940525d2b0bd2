"""Films to labels by ONNX Runtime: no torch, no pandas. The one way that stages, commands and services classify.

    classifier = Classifier.load("artifacts/model")
    for result in classifier.classify(["film.dcm", content_of_another, open_file]):
        ...  # a Result: a label with a decision, or a reason why there is none

A decoder that crashes takes this process with it; ``in_cells.py`` does the same in processes of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dicom_router.claims import claim_of
from dicom_router.dicom.preprocessing import Preprocessed, preprocess_file
from dicom_router.errors import ModelError, UnreadableImage
from dicom_router.model.answers import Facts, Guarantee, Result, unanswered
from dicom_router.model.decision import Rule
from dicom_router.model.device import Device
from dicom_router.model.folder import GRAPH, MODEL, read_specification
from dicom_router.model.locating import locate
from dicom_router.model.network import Network, Pixels
from dicom_router.model.outliers import FILE, FeatureStatistics
from dicom_router.model.probabilities import softmax
from dicom_router.model.session import open_session
from dicom_router.walking import Found, Source


@dataclass(frozen=True)
class Classifier:
    """A packaged model: network, calibration, when it routes, and whom it may be used on."""

    network: Network
    temperature: float
    statistics: FeatureStatistics
    rule: Rule
    facts: Facts
    allow_synthetic: bool = False

    @classmethod
    def load(
        cls, model: Path | str, *, allow_synthetic: bool = False, threads: int = 1, device: Device = "auto"
    ) -> Self:
        """Load the model that the package stage wrote into a folder, or that a registry holds.

        Args:
            model: a folder that holds ``model.json`` and the files it lists, or ``models:/NAME@ALIAS``.
            allow_synthetic: let a model trained on synthetic images classify real films.
            threads: CPU threads of the network.
            device: where the network runs.

        Raises:
            ModelError: the folder is incomplete, damaged, or of another release.
        """
        folder = locate(model)
        specification = read_specification(folder, MODEL)
        return cls(
            network=Network(specification, open_session(folder / GRAPH, threads, device)),
            temperature=float(specification["temperature"]),
            statistics=FeatureStatistics.load(folder / FILE),
            rule=Rule.from_specification(specification),
            facts=Facts.of(specification),
            allow_synthetic=allow_synthetic,
        )

    @property
    def guarantee(self) -> Guarantee:
        """Return what is certified of the films that the model routes."""
        return self.facts.guarantee

    @property
    def synthetic(self) -> bool:
        """Tell whether the model was trained on synthetic images."""
        return self.facts.synthetic

    @property
    def version(self) -> str:
        """Return the hash of all that decides an answer."""
        return self.facts.version

    def classify(self, sources: Iterable[Source]) -> Iterator[Result]:
        """Yield one result for each of ``sources``, in order, reading one at a time.

        Args:
            sources: paths of files, their bytes, open binary files, or what ``finding.find`` found.

        Raises:
            ModelError: a real film meets a model that was trained on synthetic images.
        """
        for source in sources:
            yield self._classify(Found.of(source))

    def probabilities(self, pixels: Pixels) -> NDArray[np.float64]:
        """Return calibrated probabilities ``(N, 5)`` float64 of ``pixels`` ``(N, S, S)`` uint8."""
        return softmax(self.network.logits(pixels), self.temperature)

    def judge(self, path: Path, film: Preprocessed) -> Result:
        """Return what the film from ``path``, which has been read, is said to show; without the time that this took.

        Raises:
            ModelError: it is real, and the model was trained on synthetic images.
        """
        self._refuse_real_film(film.header.synthetic)
        logits, features = self.network.run(film.pixels[np.newaxis])
        scores = self.statistics.scores(features)
        (decision,) = self.rule.decide(logits, scores)
        header = film.header
        return Result(
            path,
            label=decision.label,
            probabilities=tuple(softmax(logits, self.temperature)[0].tolist()),
            decision=decision,
            outlier_score=float(scores[0]),
            claim=claim_of(header.BodyPartExamined, header.age_years, self.facts.age_limits),
            guarantee=self.guarantee.statement,
            model=self.version,
            synthetic_model=self.synthetic,
        )

    def _classify(self, source: Found) -> Result:
        start = perf_counter()
        try:
            film = self._read(source)
        except UnreadableImage as error:
            return unanswered(source.path, error.reason, error.detail, self.facts, perf_counter() - start)
        return replace(self.judge(source.path, film), seconds=perf_counter() - start)

    def _read(self, source: Found) -> Preprocessed:
        """Read and preprocess one film.

        Raises:
            UnreadableImage: there is none.
        """
        if source.reason is not None:
            raise UnreadableImage(source.reason, source.detail)
        content = source.path if source.data is None else source.data
        return preprocess_file(content, self.network.preprocessing)

    def _refuse_real_film(self, synthetic_film: bool) -> None:
        if self.synthetic and not synthetic_film and not self.allow_synthetic:
            raise ModelError(
                f"model {self.version} was trained on synthetic images and this film is real: train on real films"
                " first, or, for a trial only, use --allow-synthetic-model (allow_synthetic=True)"
            )
