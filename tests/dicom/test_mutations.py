"""Whatever happens to the bytes of a film, reading it gives an array or a reason, in time and in memory.

``make fuzz`` reads 10,000 damaged films; these are 500 others.
"""

from fuzz.reading import ARRAY, Case, fuzz

from dicom_router.cells import workers_for
from dicom_router.reasons import Reason

FILMS = 500


def test_damaged_films_end_as_arrays_or_reasons_in_time_and_memory() -> None:
    verdicts = list(fuzz([Case(number) for number in range(FILMS)], workers_for(-1)))
    assert len(verdicts) == FILMS
    assert [verdict for verdict in verdicts if not verdict.is_sound] == []
    # A fuzzer that damages nothing, or everything, tests nothing.
    assert {verdict.outcome for verdict in verdicts} >= {ARRAY, Reason.TRUNCATED, Reason.CORRUPT, Reason.TOO_LARGE}


def test_the_same_number_is_the_same_film() -> None:
    assert [Case(number).damaged() for number in range(20)] == [Case(number).damaged() for number in range(20)]
