"""Which films a person is asked to look at: so many of a night or of a window, each as likely as any other."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from dicom_router.monitoring.log.nights import before, period_of, received_in
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.log.tables import FEEDBACK, PREDICTIONS
from dicom_router.monitoring.periods import Period

AT_ONCE: Final = 4096


@dataclass(frozen=True)
class Audit:
    """The films of a site that a person is asked to look at."""

    site: str
    night: date
    drawn: int  # of the night
    waiting: int  # drawn in the last ``nights``, this one among them, and without a label
    asked: int  # drawn in these
    nights: int

    @property
    def words(self) -> str:
        """Return it in words."""
        return (
            f"{self.site}: {self.drawn:,} films of this night; {self.waiting:,} of the {self.asked:,} that were drawn"
            f" in the last {self.nights} nights have no label yet"
        )

    @property
    def command(self) -> str:
        """Return what writes the list of the night's films; "" where nobody is waited for."""
        return f"dicom-router predictions sample {self.site} --night {self.night}" if self.waiting else ""


def drawn(log: PredictionLog, site: str, period: Period, count: int) -> frozenset[str]:
    """Return the images drawn among those of ``site`` that some model answered and that came in ``period``.

    The draw is a function of the images' names, which a key made and nobody can choose: asking twice draws the same,
    whatever the model said of them. A night that goes on afterwards may draw others in place of some.
    """
    answered = select(PREDICTIONS.c.image).distinct().where(PREDICTIONS.c.site == site, PREDICTIONS.c.label != "")
    chosen = log.rows(received_in(answered, period), AT_ONCE)
    return frozenset(first_of((row["image"] for row in chosen), count))


def audits(log: PredictionLog, night: date, count: int, nights: int, timezone: str) -> list[Audit]:
    """Return for each site that delivered in the last ``nights`` up to ``night`` what people are asked to look at.

    ``count`` films are drawn of a site's night, as ``drawn`` does; nobody is asked for 0.
    """
    period, columns = period_of(before(night, nights - 1), night, timezone), PREDICTIONS.c
    wanted = select(columns.site, columns.received, columns.image).distinct().where(columns.label != "")
    found: dict[str, dict[date, list[str]]] = {}
    for row in log.rows(received_in(wanted, period), AT_ONCE):
        day = row["received"].astimezone(ZoneInfo(timezone)).date()
        found.setdefault(row["site"], {}).setdefault(day, []).append(row["image"])
    labelled = {row["image"] for row in log.rows(select(FEEDBACK.c.image), AT_ONCE)}
    draws = {site: {day: first_of(set(images), count) for day, images in days.items()} for site, days in found.items()}
    return [_audit(site, night, nights, draws[site], labelled) for site in sorted(draws) if count]


def _audit(site: str, night: date, nights: int, draws: dict[date, list[str]], labelled: set[str]) -> Audit:
    asked = [image for images in draws.values() for image in images]
    waiting = sum(image not in labelled for image in asked)
    return Audit(site, night, len(draws.get(night, [])), waiting, len(asked), nights)


def first_of(images: Iterable[str], count: int) -> list[str]:
    """Return ``count`` of ``images``, in an order that has nothing to do with anything."""
    return sorted(images, key=lambda image: hashlib.sha256(f"drawn {image}".encode()).digest())[:count]
