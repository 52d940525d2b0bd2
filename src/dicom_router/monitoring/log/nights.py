"""The log as who compares nights sees it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import FromClause, Select, distinct, func, or_, select

from dicom_router.model.answers import ReviewReason
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import COMMISSIONS, EMBEDDINGS, FINDINGS, NIGHTS, PREDICTIONS, RUNS, THUMBNAILS
from dicom_router.monitoring.periods import Period

AT_ONCE: Final = 4096
ASKED: Final = 500  # studies that are asked for at once


def films(log: PredictionLog, columns: Sequence[str], site: str, model: str | None, period: Period) -> Iterator[Row]:
    """Yield ``columns`` of the films of ``site`` that were received in ``period``; of every model for None."""
    wanted = received_in(select(*(PREDICTIONS.c[name] for name in columns)).where(PREDICTIONS.c.site == site), period)
    chosen = wanted if model is None else wanted.where(PREDICTIONS.c.model == model)
    return log.rows(chosen.order_by(PREDICTIONS.c.received, PREDICTIONS.c.image), AT_ONCE)


def features(log: PredictionLog, model: str, studies: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield study and features of the films of ``studies``."""
    same = (EMBEDDINGS.c.image == PREDICTIONS.c.image) & (EMBEDDINGS.c.model == PREDICTIONS.c.model)
    rest = iter(studies)
    while some := list(islice(rest, ASKED)):
        wanted = select(PREDICTIONS.c.study, EMBEDDINGS.c.features).join_from(PREDICTIONS, EMBEDDINGS, same)
        chosen = wanted.where(PREDICTIONS.c.model == model, PREDICTIONS.c.study.in_(some))
        for row in log.rows(chosen.order_by(PREDICTIONS.c.image), AT_ONCE):
            yield row["study"], row["features"]


def volumes(log: PredictionLog, site: str, period: Period, timezone: str) -> dict[date, int]:
    """Return how many studies of ``site`` each night brought; nights without any are missing."""
    wanted = select(PREDICTIONS.c.received, func.count(distinct(PREDICTIONS.c.study)).label("n"))
    chosen = received_in(wanted.where(PREDICTIONS.c.site == site), period).group_by(PREDICTIONS.c.received)
    found: dict[date, int] = {}
    for row in log.rows(chosen, AT_ONCE):
        night = row["received"].astimezone(ZoneInfo(timezone)).date()
        found[night] = found.get(night, 0) + row["n"]
    return found


def nights_with_runs(log: PredictionLog, period: Period, timezone: str) -> set[date]:
    """Return the nights on which a run began and came to its end."""
    wanted = select(RUNS.c.started).where(RUNS.c.started >= period.start)
    if period.end is not None:
        wanted = wanted.where(RUNS.c.started < period.end)
    return {row["started"].astimezone(ZoneInfo(timezone)).date() for row in log.rows(wanted, AT_ONCE)}


def last_night(log: PredictionLog, timezone: str) -> date | None:
    """Return the night on which the last run began that came to its end."""
    for row in log.rows(select(RUNS.c.started).order_by(RUNS.c.run.desc()).limit(1), AT_ONCE):
        return row["started"].astimezone(ZoneInfo(timezone)).date()  # type: ignore[no-any-return]
    return None


def last_run(log: PredictionLog, model: str, night: date, timezone: str) -> Row | None:
    """Return the last run of ``model`` that began by the end of ``night`` and came to its end, None without one."""
    wanted = select(RUNS).where(RUNS.c.model == model, RUNS.c.started < period_of(night, night, timezone).end)
    return next(log.rows(wanted.order_by(RUNS.c.run.desc()).limit(1), 1), None)


def changed_from(log: PredictionLog, model: str, night: date, timezone: str) -> str | None:
    """Return the champion before ``model``, where the first run since that one began in this night."""
    last = last_run(log, model, night, timezone)
    if last is None:
        return None
    others = select(RUNS).where(RUNS.c.run < last["run"], RUNS.c.model != model)
    before = next(log.rows(others.order_by(RUNS.c.run.desc()).limit(1), 1), None)
    if before is None:
        return None
    (first,) = log.rows(select(func.min(RUNS.c.started).label("at")).where(RUNS.c.run > before["run"]), 1)
    is_new = first["at"] >= period_of(night, night, timezone).start
    return before["model"] if is_new else None


def sites(log: PredictionLog, period: Period) -> list[str]:
    """Return the sites that delivered in ``period``, and those that were ever commissioned, sorted."""
    delivered = received_in(select(PREDICTIONS.c.site).distinct(), period)
    found = {row["site"] for wanted in (delivered, select(COMMISSIONS.c.site).distinct()) for row in log.rows(wanted, AT_ONCE)}  # fmt: skip  # noqa: E501
    return sorted(found)


def commissions(log: PredictionLog, site: str | None = None) -> list[Row]:
    """Return what was signed, of ``site`` or of all, the newest first."""
    wanted = select(COMMISSIONS).order_by(COMMISSIONS.c.commission.desc())
    return list(log.rows(wanted if site is None else wanted.where(COMMISSIONS.c.site == site), AT_ONCE))


def findings(log: PredictionLog, first: date, last: date) -> list[Row]:
    """Return what was found in the nights from ``first`` to ``last``, the oldest first."""
    wanted = select(FINDINGS).where(FINDINGS.c.night >= first, FINDINGS.c.night <= last)
    return list(log.rows(wanted.order_by(FINDINGS.c.night, FINDINGS.c.site), AT_ONCE))


def nights(log: PredictionLog, last: date | None = None, count: int = 1000) -> list[Row]:
    """Return the nights that were looked at, until before ``last``, the newest first."""
    wanted = select(NIGHTS).order_by(NIGHTS.c.night.desc()).limit(count)
    return list(log.rows(wanted if last is None else wanted.where(NIGHTS.c.night < last), AT_ONCE))


def thumbnails(log: PredictionLog, columns: Sequence[str], model: str, period: Period, count: int) -> list[Row]:
    """Return ``columns`` and ``png`` of films of ``period`` worth a look, the most unlike the training first."""
    same = (THUMBNAILS.c.image == PREDICTIONS.c.image) & (THUMBNAILS.c.model == PREDICTIONS.c.model)
    wanted = select(*(PREDICTIONS.c[name] for name in columns), THUMBNAILS.c.png).join_from(
        PREDICTIONS, THUMBNAILS, same
    )
    unlike, disagrees = PREDICTIONS.c.reasons.contains(ReviewReason.OUTLIER), PREDICTIONS.c.header_disagrees.is_(True)
    chosen = received_in(wanted.where(PREDICTIONS.c.model == model, or_(unlike, disagrees)), period)
    ordered = chosen.order_by(PREDICTIONS.c.outlier_score.desc(), PREDICTIONS.c.image).limit(count)
    return list(log.rows(ordered, AT_ONCE))


def drop_thumbnails(log: PredictionLog, before: date, timezone: str) -> None:
    """Take the small pictures of films received before a night out of the log."""
    same = (THUMBNAILS.c.image == PREDICTIONS.c.image) & (THUMBNAILS.c.model == PREDICTIONS.c.model)
    start = period_of(before, before, timezone).start
    old = select(THUMBNAILS.c.image).join_from(THUMBNAILS, PREDICTIONS, same).where(PREDICTIONS.c.received < start)
    log.execute(THUMBNAILS.delete().where(THUMBNAILS.c.image.in_(old)))


def is_later(log: PredictionLog, night: date) -> bool:
    """Say whether a night after ``night`` was looked at, so that what is found of it now is no news."""
    return any(True for _ in log.rows(select(NIGHTS.c.night).where(NIGHTS.c.night > night).limit(1), AT_ONCE))


def keep(log: PredictionLog, night: date, rows: Sequence[Row], row: Mapping[str, Any]) -> None:
    """Keep what was found of ``night``, in place of what an earlier look at it found."""
    log.execute(FINDINGS.delete().where(FINDINGS.c.night == night))
    log.replace(FINDINGS, rows)
    log.replace(NIGHTS, [row])


def period_of(first: date, last: date, timezone: str) -> Period:
    """Return the nights from ``first`` to ``last``, both included."""
    return Period.of_days(first, max(last, first), timezone)


def before(night: date, nights: int) -> date:
    """Return the night so many nights earlier."""
    return night - timedelta(days=nights)


def received_in(wanted: Select[Any], period: Period, films: FromClause = PREDICTIONS) -> Select[Any]:
    """Leave of ``wanted`` the rows of ``films``, predictions, that were received in ``period``."""
    chosen = wanted.where(films.c.received >= period.start)
    return chosen if period.end is None else chosen.where(films.c.received < period.end)
