"""Which films of a night a person is asked to look at: so many, each as likely as any other."""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import select

from dicom_router.monitoring.log.nights import period_of
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.log.tables import PREDICTIONS

AT_ONCE: Final = 4096


def drawn(log: PredictionLog, site: str, night: date, count: int, timezone: str) -> frozenset[str]:
    """Return the images drawn among those of ``site`` that some model answered and that came on ``night``.

    The draw is a function of the images' names, which a key made and nobody can choose: asking twice draws the same,
    whatever the model said of them. A night that goes on afterwards may draw others in place of some.
    """
    period, received = period_of(night, night, timezone), PREDICTIONS.c.received
    answered = select(PREDICTIONS.c.image).distinct().where(PREDICTIONS.c.site == site, PREDICTIONS.c.label != "")
    chosen = answered.where(received >= period.start, received < period.end)
    return frozenset(first_of((row["image"] for row in log.rows(chosen, AT_ONCE)), count))


def first_of(images: Iterable[str], count: int) -> list[str]:
    """Return ``count`` of ``images``, in an order that has nothing to do with anything."""
    return sorted(images, key=lambda image: hashlib.sha256(f"drawn {image}".encode()).digest())[:count]
