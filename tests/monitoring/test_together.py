"""Sites put together: a change too small for each of them is seen where all have it, and chance is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from monitoring.made_up_nights import WINDOW, Draw, Hospital, empty_log, look, night, usual

from dicom_router.monitoring.drift import showing, wording
from dicom_router.monitoring.drift.assessing import Night, SiteNight
from dicom_router.monitoring.drift.measuring import Finding
from dicom_router.monitoring.drift.messages import lay_out
from dicom_router.monitoring.drift.references import TOGETHER, Commission, Reference, Standing
from dicom_router.monitoring.drift.signals import BY_NAME, State
from dicom_router.monitoring.drift.together import SEVERAL, together
from dicom_router.monitoring.log.records import PredictionLog

SIGNED = Reference(
    Standing.COMMISSIONED,
    None,
    Commission(1, "", night(0), night(1), "a" * 16, 60, 40, 39, 0.9, "2026-03-09 09:00", "Ada", "as usual"),
)
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


def test_a_change_too_small_for_a_site_by_itself_is_watched_where_all_have_it(tmp_path: Path) -> None:
    with five_sites(tmp_path, nights=2, mix=(0.1, 0.24, 0.1, 0.36, 0.2)) as log:
        found = [look(log, number) for number in range(WINDOW, WINDOW + 2)]
    assert [several(night).state for night in found] == [State.GREEN, State.WATCH]
    assert {site.state for night in found for site in night.sites if site.site != SEVERAL} == {State.GREEN}
    assert several(found[1]).causes[0].signal.name == "class_mix"
    assert "at several sites mix of classes, 7 nights changed (5 sites, by 0.2" in wording.verdict(found[1])


def test_what_one_site_alone_shows_is_nothing_of_several(tmp_path: Path) -> None:
    sure, chance = (Finding(BY_NAME["class_mix"], n=40, p=p, effect=0.3) for p in (1e-12, 0.4))
    (found,) = together({"north": [sure], "south": [chance], "west": [chance]})
    assert found.p is not None and found.p > 0.1 and found.n == 120


def site_night(site: str, state: State, reference: Reference = SIGNED) -> SiteNight:
    """Return a night of which nothing but its state is asked."""
    finding = Finding(BY_NAME["class_mix"], n=40, flagged=state is not State.GREEN, state=state, words="more spines")
    return SiteNight(site, reference, state, 40, 40, 0, (finding,), None, 0)


def test_an_alarm_of_several_sites_is_over_when_none_of_them_shows_anything(tmp_path: Path) -> None:
    """That the site which has the change is told by itself, and left out of the others, is no end of it."""
    green, watch, alarm = State.GREEN, State.WATCH, State.ALARM
    told, before = [], dict[str, str]()
    with empty_log(tmp_path) as log:
        for number, (own, together) in enumerate(
            [(green, alarm), (watch, green), (alarm, green), (green, green), (green, green)]
        ):
            sites = (site_night("north", own), site_night("south", green), site_night(SEVERAL, together, TOGETHER))
            looked = Night(night(number), "a" * 16, True, sites)
            told += [
                (number, each.message.rpartition(" ")[0]) for each in lay_out(log, looked, before, [], "never", "")
            ]
            before = {site.site: str(site.state) for site in sites}
    assert told == [
        (0, f"alarm {SEVERAL}"),
        (1, "watch"),
        (2, "alarm north"),
        (4, "cleared north"),
        (4, f"cleared {SEVERAL}"),
    ]


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
