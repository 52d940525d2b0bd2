"""Messages sent by apprise: mail, Slack, Teams, webhooks. What does not arrive is tried again by the next run."""

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from apprise import Apprise, NotifyFormat, NotifyType

from dicom_router.monitoring.log import outbox
from dicom_router.monitoring.log.records import PredictionLog, Row

ALERTS: Final = "DICOM_ROUTER_ALERTS"  # addresses as apprise has them, separated by spaces; they may hold passwords
PATIENCE: Final = 8.0  # seconds for a receiver to answer
TYPES: Final = {
    "alarm": NotifyType.FAILURE,
    "watch": NotifyType.WARNING,
    "cleared": NotifyType.SUCCESS,
    "green": NotifyType.INFO,
}


def receivers() -> dict[str, str]:
    """Return the addresses in the environment, by names that give nothing away: ``mailto 1a2b3c``."""
    return {name_of(address): address for address in os.environ.get(ALERTS, "").split()}


def name_of(address: str) -> str:
    """Return the kind of an address, and a hash that tells it from others."""
    kind = address.partition("://")[0] if "://" in address else "unknown"
    return f"{kind[:16]} {hashlib.sha256(address.encode()).hexdigest()[:6]}"


def send(log: PredictionLog, addresses: Mapping[str, str], now: datetime) -> list[str]:
    """Send what waits in the outbox, the oldest first, and return what did not arrive, in words.

    A receiver that fails once is not asked again before the next run, so that a dead one costs ``PATIENCE`` alone.
    """
    dead: set[str] = set()
    for row in outbox.waiting(log):
        address = addresses.get(row["receiver"])
        if address is None or row["receiver"] in dead:
            continue
        arrived = _arrives(address, row)
        outbox.note_attempt(log, row["message"], row["receiver"], now, arrived)
        if not arrived:
            dead.add(row["receiver"])
    return undelivered(outbox.waiting(log), addresses)


def undelivered(waiting: Sequence[Row], addresses: Mapping[str, str]) -> list[str]:
    """Return what did not arrive, in words."""
    return [_in_words(row, row["receiver"] in addresses) for row in waiting]


def _in_words(row: Row, known: bool) -> str:
    times = f"tried {row['attempts']} time{'' if row['attempts'] == 1 else 's'}"
    why = f"{times}; the next run tries again" if known else f"{ALERTS} no longer names this receiver"
    return f"{row['title']} ({row['night']}) to {row['receiver']}: {why}"


def _arrives(address: str, row: Row) -> bool:
    with _quiet():
        plugin = Apprise.instantiate(address, suppress_exceptions=True)
        if plugin is None:  # no address that apprise knows
            return False
        plugin.notify_format = NotifyFormat.TEXT  # made into HTML, a line of a mail would never wrap
        plugin.socket_connect_timeout = plugin.socket_read_timeout = PATIENCE
        every = Apprise()
        every.add(plugin)
        return bool(every.notify(row["body"], row["title"], TYPES[row["kind"]], body_format="text"))


@contextmanager
def _quiet() -> Iterator[None]:
    """Let apprise print nothing: what it says of a failure may hold an address, and its warnings are its makers'."""
    logger = logging.getLogger("apprise")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
