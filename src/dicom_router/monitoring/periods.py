"""Which days a run is about."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from dicom_router.errors import DataError


@dataclass(frozen=True)
class Period:
    """From ``start`` on, until before ``end`` where there is one."""

    start: datetime
    end: datetime | None = None

    @classmethod
    def of_days(cls, since: date, until: date | None, timezone: str) -> Self:
        """Return the period from the first to the last of two days, both included.

        Raises:
            DataError: the last is before the first.
        """
        if until is not None and until < since:
            raise DataError(f"--until {until} lies before --since {since}: name the earlier day first")
        zone = ZoneInfo(timezone)
        end = None if until is None else datetime.combine(until + timedelta(days=1), time(), zone)
        return cls(datetime.combine(since, time(), zone), end)

    @classmethod
    def asked(cls, since: date | None, until: date | None, timezone: str, now: datetime, days: int) -> Self:
        """Return the days asked for; unless a first one is named, the last ``days`` before the last one.

        Raises:
            DataError: as for ``of_days``, or the first has not come yet.
        """
        today = now.astimezone(ZoneInfo(timezone)).date()
        if since is not None and since > today:
            raise DataError(f"--since {since} has not come yet: today is {today} ({timezone}, monitoring.timezone)")
        last = until or today
        return cls.of_days(since or last - timedelta(days=days), until, timezone)

    def __contains__(self, moment: datetime) -> bool:
        """Say whether ``moment`` lies in it."""
        return self.start <= moment and (self.end is None or moment < self.end)
