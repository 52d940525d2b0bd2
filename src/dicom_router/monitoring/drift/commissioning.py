"""A window of a site's own nights, signed off by a person as what the site's later nights are compared with."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dicom_router.errors import DataError
from dicom_router.evaluation.exact import clopper_pearson
from dicom_router.labels import CLASSES
from dicom_router.monitoring.drift.reviewed import Agreement, Reviewed, agree
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.log.tables import COMMISSIONS
from dicom_router.monitoring.periods import Period
from dicom_router.params import Drift

COLUMNS: Final = ("image", "instance", "study", "received", "label", *(f"p_{name}" for name in CLASSES))
CONFIDENCE: Final = 0.95
WEEK: Final = 7  # nights; a reference of fewer lacks a weekday


FEW_NIGHTS: Final = (
    "mind         these are fewer nights than a week: weekdays cannot be told apart, and silence goes unnoticed"
)


@dataclass(frozen=True)
class Signing:
    """What somebody signs: nights from ``since`` to ``until`` of ``site``, both included."""

    site: str
    since: date
    until: date
    because: str
    by: str


@dataclass(frozen=True)
class Signed:
    """What was signed, for whoever signed it."""

    signing: Signing
    model: str
    nights: int  # that brought a study
    studies: int
    agreement: Agreement

    @property
    def lines(self) -> list[str]:
        """Return it as lines of text."""
        said = self.agreement
        low, high = clopper_pearson(said.agreed / said.reviewed, said.reviewed, CONFIDENCE)
        window = f"{self.signing.since} to {self.signing.until}"
        return [
            f"commissioned {self.signing.site}, by {self.signing.by}: {self.signing.because}",
            f"reference    {self.studies:,} studies of {self.nights} night{'' if self.nights == 1 else 's'}, {window}",
            f"model        {self.model}",
            f"agreement    {said.agreed} of {said.reviewed} reviewed films ({said.agreed / said.reviewed:.1%};"
            f" exact 95% interval {low:.1%} to {high:.1%})",
            *(f"{right:>18} of {n} {name}" for name, (n, right) in said.by_class.items() if n),
            *([f"{said.missing} reviewed films are not among these, or have no answer"] if said.missing else []),
            *([FEW_NIGHTS] if self.nights < WEEK else []),
        ]


def commission(
    log: PredictionLog, signing: Signing, reviewed: Reviewed, timezone: str, settings: Drift, now: datetime
) -> Signed:
    """Keep ``signing`` in the log, by the model of the last run.

    Raises:
        DataError: the reason is missing, the last night is before the first or not over, the window holds too few
            studies, or too few of its films were reviewed.
    """
    _check_over(signing.until, now.astimezone(ZoneInfo(timezone)).date())
    model, _ = log.last_models()
    if not model:
        raise DataError("no run came to its end yet: `dicom-router rescore` scores what was delivered")
    period = Period.of_days(signing.since, signing.until, timezone)
    films = list(nights.films(log, COLUMNS, signing.site, model, period))
    studies = {film["study"] for film in films if film["label"]}
    days = nights.volumes(log, signing.site, period, timezone)
    agreement = agree(reviewed, films)
    _check(signing, len(studies), settings)
    _check_reviewed(reviewed, agreement, settings)
    row = {name: getattr(signing, name) for name in ("site", "since", "until", "by", "because")}
    figures = {"nights": len(days), "studies": len(studies), "reviewed": agreement.reviewed, "agreed": agreement.agreed}
    said = json.dumps({"confidence": agreement.confidence, "classes": dict(agreement.by_class)})
    log.insert(COMMISSIONS, {**row, **figures, "agreement": said, "model": model, "signed": now})
    return Signed(signing, model, len(days), len(studies), agreement)


def _check_over(until: date, today: date) -> None:
    """Refuse a reference that films may still be added to: the first of them would be compared with themselves."""
    if until >= today:
        raise DataError(
            f"--until {until} is not over yet (today is {today}, monitoring.timezone), and a reference must not grow:"
            f" name {today - timedelta(days=1)} or an earlier night"
        )


def _check(signing: Signing, studies: int, settings: Drift) -> None:
    """Refuse what could not serve as a reference."""
    if not signing.because.strip():
        raise DataError("--because is empty: say why these nights are what later ones should be like")
    if studies < settings.reference_studies:
        raise DataError(
            f"site {signing.site} has {studies} studies with an answer of the present model from {signing.since} to"
            f" {signing.until}; a reference needs {settings.reference_studies} (monitoring.drift.reference_studies):"
            " name more nights"
        )


def _check_reviewed(reviewed: Reviewed, agreement: Agreement, settings: Drift) -> None:
    """Refuse a sample that says too little of how often the model is right."""
    if not reviewed.labels:
        raise DataError(f"none of the {reviewed.empty} films of --reviewed has a label yet: fill in what each shows")
    if agreement.reviewed < settings.reviewed_films:
        raise DataError(
            f"{agreement.reviewed} of the reviewed films are among these nights; {settings.reviewed_films} are needed"
            f" (monitoring.drift.reviewed_films), chosen at random. {agreement.missing} rows name other films"
        )
