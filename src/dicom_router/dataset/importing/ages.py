"""Ages as they may leave the import: coarse enough that nobody is found by theirs."""

import math
from datetime import date, datetime
from typing import Final

OLDEST: Final = 90  # everyone older counts as 90, as in 45 CFR 164.514(b)(2)(i)(C)
MONTHS_UNTIL_YEARS: Final = 2
PLAUSIBLE_UNTIL: Final = 130
# The first that is there says when a film was taken.
EXAMINATION_DATES: Final = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")


def coarse(age_years: float | None) -> float | None:
    """Round an age in years down: to months under two years, to years above, and to 90 beyond 89.

    None, and what no person's age can be, give None. Rounding down moves nobody over a
    limit in whole years, such as the one between child and adult.
    """
    if age_years is None or not 0 <= age_years <= PLAUSIBLE_UNTIL:
        return None
    if age_years < MONTHS_UNTIL_YEARS:
        return round(_months(age_years) / 12, 3)
    return float(min(math.floor(age_years), OLDEST))


def between(birth: str, study: str) -> float | None:
    """Return the age in completed years between two DICOM dates (YYYYMMDD), or None where one is none."""
    born, examined = _date(birth), _date(study)
    if born is None or examined is None or examined < born:
        return None
    birthday_to_come = (examined.month, examined.day) < (born.month, born.day)
    years = examined.year - born.year - birthday_to_come
    if years >= MONTHS_UNTIL_YEARS:
        return float(years)
    months = 12 * (examined.year - born.year) + examined.month - born.month - (examined.day < born.day)
    return months / 12


def age_string(age_years: float) -> str:
    """Write a coarse age as DICOM has it (PS3.5, AS): ``007M`` under two years, ``017Y`` above."""
    if age_years < MONTHS_UNTIL_YEARS:
        return f"{_months(age_years):03d}M"
    return f"{math.floor(age_years):03d}Y"


def _months(age_years: float) -> int:
    """Return completed months; a tenth of a day is added, since 1/12 has no exact notation."""
    return math.floor(12 * age_years + 0.01)


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip()[:8], "%Y%m%d").date()
    except ValueError:
        return None
