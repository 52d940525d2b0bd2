"""The log as an outbox: what people are to be told lies here until every receiver has it."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from dicom_router.monitoring.log.nights import AT_ONCE
from dicom_router.monitoring.log.records import PredictionLog, Row
from dicom_router.monitoring.log.tables import DELIVERIES, INCIDENTS, MESSAGES


def open_incidents(log: PredictionLog) -> dict[str, Row]:
    """Return the incidents that are not over, by site."""
    wanted = select(INCIDENTS).where(INCIDENTS.c.cleared.is_(None)).order_by(INCIDENTS.c.incident)
    return {row["site"]: row for row in log.rows(wanted, AT_ONCE)}


def open_incident(log: PredictionLog, site: str, night: date, cause: str) -> int:
    """Note that an incident began; return its number."""
    return log.insert(INCIDENTS, {"site": site, "opened": night, "cause": cause})


def close_incident(log: PredictionLog, incident: int, night: date) -> None:
    """Note that an incident is over."""
    log.execute(INCIDENTS.update().where(INCIDENTS.c.incident == incident).values(cleared=night))


def put(log: PredictionLog, messages: Sequence[Row], receivers: Sequence[str]) -> None:
    """Lay ``messages`` in the outbox for each of ``receivers``; one that lies there already stays as it is."""
    known = {row["message"] for row in log.rows(select(MESSAGES.c.message), AT_ONCE)}
    new = [message for message in messages if message["message"] not in known]
    log.replace(MESSAGES, new)
    blank = {"attempts": 0, "tried": None, "sent": None}
    rows = [{"message": message["message"], "receiver": each, **blank} for message in new for each in receivers]
    log.replace(DELIVERIES, rows)


def waiting(log: PredictionLog) -> list[Row]:
    """Return what has not arrived: receiver, attempts and the message, the oldest first."""
    columns = (DELIVERIES.c.receiver, DELIVERIES.c.attempts, DELIVERIES.c.tried, *MESSAGES.columns)
    wanted = select(*columns).join_from(DELIVERIES, MESSAGES).where(DELIVERIES.c.sent.is_(None))
    return list(log.rows(wanted.order_by(MESSAGES.c.night, MESSAGES.c.message, DELIVERIES.c.receiver), AT_ONCE))


def note_attempt(log: PredictionLog, message: str, receiver: str, moment: datetime, arrived: bool) -> None:
    """Note that a message was sent to a receiver, and whether it arrived."""
    this = (DELIVERIES.c.message == message) & (DELIVERIES.c.receiver == receiver)
    values = {"attempts": DELIVERIES.c.attempts + 1, "tried": moment, **({"sent": moment} if arrived else {})}
    log.execute(DELIVERIES.update().where(this).values(**values))
