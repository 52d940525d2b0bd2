"""A prediction log of nights that nobody delivered: drawn by a seed, as rows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from conftest import ROOT
from sqlalchemy import String

from dicom_router.labels import CLASSES
from dicom_router.monitoring.drift.assessing import Looking, Night, keep
from dicom_router.monitoring.log.records import PredictionLog, opened
from dicom_router.monitoring.log.tables import COMMISSIONS, PREDICTIONS
from dicom_router.params import Drift, load_params

MODEL = "a" * 16
WINDOW = 28  # nights of the reference
FIRST = date(2026, 3, 2)  # a Monday
FEATURES = 16
MIX = (0.1, 0.4, 0.1, 0.2, 0.2)
Draw = Callable[[np.random.Generator], Mapping[str, Any]]


@contextmanager
def empty_log(folder: Path) -> Iterator[PredictionLog]:
    """Open a log without a row."""
    with opened(f"sqlite:///{folder}/log.sqlite", "0" * 16) as log:
        yield log


def settings(**changes: Any) -> Drift:
    """Return the thresholds of params.yaml but for ``changes``."""
    return _usual_settings().model_copy(update={"permutations": 999, "embedding_studies": 100, **changes})


@lru_cache
def _usual_settings() -> Drift:
    return load_params(ROOT / "params.yaml").monitoring.drift


def looking(log: PredictionLog, model: str = MODEL, **changes: Any) -> Looking:
    """Return a way to look at nights."""
    return Looking(log, model, None, "UTC", settings(**changes))


def night(number: int) -> date:
    """Return the day of a night by its number."""
    return FIRST + timedelta(days=number)


@dataclass(frozen=True)
class Hospital:
    """A site whose films are drawn; ``change`` is laid over each study's columns, those of the log and ``shift``."""

    log: PredictionLog
    site: str = "north"
    model: str = MODEL
    seed: int = 1
    change: Draw = field(default=lambda _: {})

    def deliver(self, number: int, studies: int = 40, mix: tuple[float, ...] = MIX, refused: int = 0) -> None:
        """Deliver so many studies of one or two films in night ``number``, and note the run."""
        random = np.random.default_rng((self.seed, number, sum(self.site.encode())))
        moment = datetime.combine(night(number), time(2), UTC)
        rows = []
        for study in range(studies):
            label, name = int(random.choice(5, p=mix)), f"{self.site}-{number}-{study}"
            common = dict(self.change(random))
            images = [f"{name}-{film}"[-20:] for film in range(1 + study % 2)]
            rows += [self._row(random, image, name[-20:], moment, label, common) for image in images]
        rows += [self._refused(f"{self.site}-{number}-r{each}"[-20:], moment) for each in range(refused)]
        self.log.write(rows, [])
        self.run(number)

    def run(self, number: int) -> None:
        """Note a run of night ``number``."""
        moment = datetime.combine(night(number), time(2), UTC)
        counts = dict.fromkeys(("seen", "scored", "quarantined", "waiting", "known"), 0)
        self.log.end_run({"started": moment, "ended": moment, "model": self.model, **counts})

    def commission(self, first: int = 0, last: int = 27, reviewed: int = 50, agreed: int = 49) -> int:
        """Sign nights off."""
        row = {"site": self.site, "since": night(first), "until": night(last), "model": self.model, "nights": 28}
        row |= {
            "studies": 30 * (last - first + 1),
            "reviewed": reviewed,
            "agreed": agreed,
            "agreement": '{"confidence": 0.9}',
        }
        signed = datetime.combine(night(last), time(9), UTC)
        return self.log.insert(COMMISSIONS, {**row, "signed": signed, "by": "Ada", "because": "it looks right"})

    def _row(
        self, random: np.random.Generator, image: str, study: str, moment: datetime, label: int, change: dict[str, Any]
    ) -> dict[str, Any]:
        confidence = float(random.uniform(0.75, 0.99))
        label = change.get("label", label)
        probabilities = {f"p_{name}": (1 - confidence) / 4 for name in CLASSES} | {f"p_{CLASSES[label]}": confidence}
        centre = np.where(np.arange(FEATURES) % 5 == label, 3.0, 1.0) + change.get("shift", 0.0)
        row = self._common(image, study, moment) | {
            "label": CLASSES[label],
            **probabilities,
            "Manufacturer": str(random.choice(["ACME", "EMCA"])),
            "BodyPartExamined": CLASSES[label].upper(),
            "view": str(random.choice(["AP", "LATERAL"])),
            "age_years": float(random.normal(50, 15)),
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsStored": 12,
            "decision": "review" if random.random() < 0.1 else "route",
            "reasons": "outlier" if random.random() < 0.05 else "",
            "outlier_score": 1.0,
            "header_disagrees": bool(random.random() < 0.05),
            "exposure": float(random.normal(0.4 + 0.1 * label, 0.05)),
            "noise": float(random.normal(0.02, 0.003)),
            "saturation": float(random.normal(0.1, 0.02)),
            "resolution": 2000.0,
            "sharpness": float(random.normal(0.2, 0.03)),
            "features": np.maximum(centre + random.normal(size=FEATURES) * 0.5, 0).astype("<f2").tobytes(),
        }
        return row | {name: value for name, value in change.items() if name in row and name != "label"}

    def _refused(self, image: str, moment: datetime) -> dict[str, Any]:
        return self._common(image, image, moment) | {"reason": "not_dicom"}

    def _common(self, image: str, study: str, moment: datetime) -> dict[str, Any]:
        texts = {column.name: "" for column in PREDICTIONS.columns if isinstance(column.type, String)}
        numbers = {column.name: None for column in PREDICTIONS.columns if column.nullable} | {"features": None}
        who = {"image": image, "study": study, "model": self.model, "site": self.site, "file_format": "dicom"}
        return {**numbers, **texts, **who, "received": moment, "scored": moment, "synthetic": True}


def usual(hospital: Hospital, nights: int = 28) -> None:
    """Deliver nights without any change, and sign them off: fewer studies on Sundays."""
    for number in range(nights):
        hospital.deliver(number, 15 if night(number).weekday() == 6 else 40)
    hospital.commission(0, nights - 1)


def look(log: PredictionLog, number: int, **changes: Any) -> Night:
    """Look at a night and keep what was found, as the nightly run does."""
    found = looking(log, **changes).look(night(number))
    keep(log, found, "")
    return found
