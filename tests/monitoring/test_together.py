"""Sites put together: a change too small for each of them is seen where all have it, and chance is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from monitoring.made_up_nights import WINDOW, Draw, Hospital, empty_log, look, usual

from dicom_router.monitoring.drift import showing, wording
from dicom_router.monitoring.drift.assessing import Night, SiteNight
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.drift.together import SEVERAL
from dicom_router.monitoring.log.records import PredictionLog

SITES = ("north", "south", "west", "east", "middle")


@contextmanager
def five_sites(
    folder: Path, change: Draw = lambda _: {}, changed: int = 5, nights: int = 1, **how: Any
) -> Iterator[PredictionLog]:
    """Open a log of commissioned sites, the first ``changed`` of which deliver more ``nights`` with a ``change``."""
    with empty_log(folder) as log:
        for place, site in enumerate(SITES):
            usual(Hospital(log, site, seed=place))
            for number in range(WINDOW, WINDOW + nights):
                if place < changed:
                    Hospital(log, site, seed=place, change=change).deliver(number, 40, **how)
                else:
                    Hospital(log, site, seed=place).deliver(number)
        yield log


def several(night: Night) -> SiteNight:
    (found,) = (site for site in night.sites if site.site == SEVERAL)
    return found


def test_a_change_too_small_for_a_site_by_itself_is_an_alarm_where_all_have_it(tmp_path: Path) -> None:
    with five_sites(tmp_path, nights=3, mix=(0.1, 0.24, 0.1, 0.36, 0.2)) as log:
        found = [look(log, number) for number in range(WINDOW, WINDOW + 3)]
    assert [several(night).state for night in found] == [State.GREEN, State.WATCH, State.ALARM]
    assert {site.state for night in found[:2] for site in night.sites if site.site != SEVERAL} == {State.GREEN}
    assert several(found[2]).causes[0].signal.name == "class_mix"
    assert "at several sites mix of classes changed (2 sites, by 0.3" in wording.verdict(found[2])


def test_sites_without_a_change_are_green_together(tmp_path: Path) -> None:
    with five_sites(tmp_path) as log:
        found = look(log, WINDOW)
    assert found.state is State.GREEN and several(found).studies == 200
    assert showing.figures(found)[SEVERAL]["class_mix.effect"] < 0.1


def test_a_site_that_shows_something_by_itself_is_left_out(tmp_path: Path) -> None:
    with five_sites(tmp_path, lambda _: {"sharpness": 0.1}, changed=1) as log:
        found = look(log, WINDOW)
    assert {site.site: site.state for site in found.sites if site.state is not State.GREEN} == {"north": State.WATCH}
    assert several(found).studies == 160


@pytest.mark.parametrize("commissioned", [(), SITES[:1]])
def test_nothing_is_put_together_of_fewer_than_two_commissioned_sites(tmp_path: Path, commissioned: tuple[str, ...]) -> None:  # fmt: skip  # noqa: E501
    with empty_log(tmp_path) as log:
        for site in SITES[:2]:
            Hospital(log, site).deliver(WINDOW)
        for site in commissioned:
            usual(Hospital(log, site))
        assert SEVERAL not in {site.site for site in look(log, WINDOW).sites}
