"""Two versions of the model on the same films: the challenger beside the champion, and a champion beside the last."""

import base64
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

import numpy as np

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.figures import exact_share
from dicom_router.figures import in_words
from dicom_router.monitoring.challenger import called
from dicom_router.monitoring.drift.assessing import Looking
from dicom_router.monitoring.feedback.paired import paired
from dicom_router.monitoring.feedback.performance import patients_of
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.pairs import alone, first_answer, pairs, pictures
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.periods import Period
from dicom_router.report import two_models as pages

SHOWN: Final = 6  # films of each move

Labels = tuple[str, str]


def challenger(looking: Looking, night: date, days: int, intervals: Bootstrap) -> pages.Challenger | None:
    """Return how the challenger of the last run by ``night`` does, None where there was none and nothing went wrong."""
    run = nights.last_run(looking.log, looking.model, night, looking.timezone)
    if run is None or not (run["challenger"] or run["challenger_failed"]):
        return None
    first = first_answer(looking.log, run["challenger"])
    if first is None:
        return pages.Challenger(_name(run), "", None, (), run["challenger_failed"])
    period = nights.period_of(nights.before(night, days), night, looking.timezone)
    models = (looking.log, looking.model, run["challenger"], period)
    since = str(first.astimezone(period.start.tzinfo).date())
    labelled = paired(*models, looking.timezone, intervals).sentences
    found = compare(*models, days, intervals)
    return pages.Challenger(_name(run), since, found, labelled, run["challenger_failed"])


def change(looking: Looking, night: date, days: int, intervals: Bootstrap) -> pages.Change | None:
    """Return what the champion changed that scored in ``night`` for the first time, None where none did."""
    before = nights.changed_from(looking.log, looking.model, night, looking.timezone)
    if before is None:
        return None
    period = nights.period_of(nights.before(night, days), night, looking.timezone)
    return pages.Change(before, compare(looking.log, before, looking.model, period, days, intervals))


def line(found: pages.Challenger | None) -> list[str]:
    """Return the challenger in a line of text, and what went wrong in another."""
    if found is None:
        return []
    lines = [found.warning] if found.warning else []
    if found.compared is not None and found.compared.films:
        agreement = in_words(found.compared.agreement)
        lines.append(
            f"{found.name}, since {found.since}: agrees with the champion in {agreement} of {found.compared.films:,}"
            f" films of the last {found.compared.days} days; {'; '.join(found.labelled)}"
        )
    return lines


def compare(
    log: PredictionLog, first: str, second: str, period: Period, days: int, intervals: Bootstrap
) -> pages.Compared:
    """Return what two models say of the same films of ``period``."""
    films: list[Row] = []
    alike: list[bool] = []
    moves, decisions = Counter[Labels](), Counter[Labels]()
    newest: dict[Labels, deque[Row]] = defaultdict(partial(deque, maxlen=SHOWN))
    for film in pairs(log, first, second, period):
        labels = film["first"], film["second"]
        films.append({name: film[name] for name in ("patient", "study")})
        alike.append(labels[0] == labels[1])
        decisions[film["first_decision"], film["second_decision"]] += 1
        if labels[0] != labels[1]:
            moves[labels] += 1
            newest[labels].appendleft(film)
    images = [film["image"] for some in newest.values() for film in some]
    small = pictures(log, images, (first, second))
    return pages.Compared(
        days=days,
        films=len(films),
        agreement=exact_share(np.array(alike, bool), patients_of(films), intervals),
        moves=tuple(_moves(moves, newest, small)),
        decisions=decisions,
        alone=alone(log, first, second, period),
    )


def _moves(
    moves: Mapping[Labels, int], newest: Mapping[Labels, Sequence[Row]], small: Mapping[str, bytes]
) -> list[pages.Move]:
    ordered = sorted(moves.items(), key=lambda move: (-move[1], move[0]))
    return [
        pages.Move(
            *labels, n, tuple(_film(film, small[film["image"]]) for film in newest[labels] if film["image"] in small)
        )
        for labels, n in ordered
    ]


def _film(row: Row, png: bytes) -> pages.SmallFilm:
    return pages.SmallFilm(data_address(png), row["site"], said(row))


def data_address(png: bytes) -> str:
    """Return a picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def said(row: Row) -> str:
    """Return what the header of a film says of it."""
    age = "" if row["age_years"] is None else f", {row['age_years']:.3g} years"
    return f"{row['BodyPartExamined'] or 'nothing'}{age}"


def _name(run: Row) -> str:
    return called(run["challenger_number"], run["challenger"]) if run["challenger"] else ""
