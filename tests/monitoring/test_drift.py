"""Nights of a site: what has not changed is left alone, what has is watched, then an alarm, its cause named first."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from monitoring.made_up_nights import FEATURES, WINDOW, Draw, Hospital, empty_log, look, looking, night

from dicom_router.model.test_films import TestFilms
from dicom_router.monitoring.drift import wording
from dicom_router.monitoring.drift.assessing import Night, SiteNight, keep
from dicom_router.monitoring.drift.references import Standing
from dicom_router.monitoring.drift.signals import State
from dicom_router.monitoring.log import nights
from dicom_router.monitoring.log.records import PredictionLog
from dicom_router.monitoring.log.tables import PREDICTIONS


def the_site(found: Night) -> SiteNight:
    (site,) = found.sites
    return site


def causes(found: Night) -> list[str]:
    return [each.signal.name for each in the_site(found).causes]


def test_nights_like_the_reference_are_green(weeks: PredictionLog) -> None:
    for number in range(WINDOW + 3, WINDOW + 7):
        Hospital(weeks).deliver(number, 15 if night(number).weekday() == 6 else 40)
        assert look(weeks, number).state is State.GREEN


MANY = (0.05, 0.15, 0.05, 0.6, 0.15)
CHANGES: Mapping[str, tuple[Draw, dict[str, Any]]] = {
    "exposure": (lambda random: {"exposure": 0.1} if random.random() < 0.6 else {}, {}),
    "sharpness": (lambda random: {"sharpness": 0.1}, {}),
    "manufacturer": (lambda random: {"Manufacturer": "NEWCO"} if random.random() < 0.4 else {}, {}),
    "age": (lambda random: {"age_years": random.uniform(0, 12)} if random.random() < 0.6 else {}, {}),
    "class_mix": (lambda random: {}, {"mix": MANY}),
    "within_class": (lambda random: {"shift": 0.6}, {}),
    "disagreement": (lambda random: {"header_disagrees": True} if random.random() < 0.5 else {}, {}),
}


@pytest.mark.parametrize("cause", CHANGES)
def test_a_change_is_watched_then_an_alarm_and_its_cause_is_named_first(weeks: PredictionLog, cause: str) -> None:
    change, how = CHANGES[cause]
    hospital = Hospital(weeks, change=change)
    found = []
    for number in (WINDOW, WINDOW + 1):
        hospital.deliver(number, 40, **how)
        found.append(look(weeks, number))
    assert [each.state for each in found] == [State.WATCH, State.ALARM]
    assert [causes(each)[0] for each in found] == [cause, cause]
    if cause == "class_mix":
        assert {"within_class", "embedding", "exposure"}.isdisjoint(causes(found[1]))


def test_a_change_of_one_night_is_never_more_than_watched(weeks: PredictionLog) -> None:
    Hospital(weeks, change=CHANGES["sharpness"][0]).deliver(WINDOW)
    assert look(weeks, WINDOW).state is State.WATCH
    Hospital(weeks).deliver(WINDOW + 1)
    assert look(weeks, WINDOW + 1).state is State.GREEN


def test_many_refused_films_are_an_alarm_at_once_and_a_few_are_not(weeks: PredictionLog) -> None:
    Hospital(weeks).deliver(WINDOW, refused=20)
    found = look(weeks, WINDOW)
    assert found.state is State.ALARM and causes(found)[0] == "quarantine"
    Hospital(weeks).deliver(WINDOW + 1, refused=1)
    assert look(weeks, WINDOW + 1).state is State.GREEN


def test_looking_twice_at_a_night_changes_nothing(weeks: PredictionLog) -> None:
    Hospital(weeks, change=CHANGES["sharpness"][0]).deliver(WINDOW)
    first, second = look(weeks, WINDOW), look(weeks, WINDOW)
    assert (first.state, causes(first)) == (second.state, causes(second))
    assert len(nights.nights(weeks)) == 1


def test_a_small_change_is_seen_in_a_week_that_no_night_shows(weeks: PredictionLog) -> None:
    hospital, found = Hospital(weeks), []
    for number in range(WINDOW, WINDOW + 7):
        hospital.deliver(number, 40, mix=(0.1, 0.28, 0.1, 0.32, 0.2))
        found.append(look(weeks, number))
    assert found[0].state is State.GREEN
    assert {(each.signal.name, each.span) for each in the_site(found[-1]).causes} >= {("class_mix", 7)}


def test_a_small_site_is_compared_by_its_weeks(weeks: PredictionLog) -> None:
    for number in range(WINDOW, WINDOW + 7):
        Hospital(weeks, change=CHANGES["sharpness"][0]).deliver(number, 6)
    found = the_site(look(weeks, WINDOW + 6))
    assert {each.signal.name: each.span for each in found.causes}["sharpness"] == 7
    assert all(each.n == 0 for each in found.findings if each.span == 1 and each.signal.name != "volume")


def test_studies_count_and_not_films(weeks: PredictionLog, tmp_path: Path) -> None:
    Hospital(weeks).deliver(WINDOW)
    found = {(each.title, each.span): each.n for each in the_site(look(weeks, WINDOW)).findings}
    assert found["Films refused", 1] == found["Confidence", 1] == 40
    assert the_site(look(weeks, WINDOW)).films == 60


def test_a_site_that_is_not_commissioned_is_reported_against_the_test_films_and_never_an_alarm(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    label = random.integers(0, 5, 200)
    seen = np.maximum(np.where(np.arange(FEATURES) % 5 == label[:, None], 3.0, 1.0) + random.normal(size=(200, FEATURES)) / 2, 0)  # fmt: skip  # noqa: E501
    films = TestFilms(
        patients=np.repeat(np.arange(100, dtype=np.int32), 2),
        labels=label.astype(np.int8),
        confidence=random.uniform(0.75, 0.99, 200).astype(np.float32),
        review=random.random(200) < 0.1,
        outlier=random.random(200) < 0.05,
        features=seen.astype(np.float16),
    )
    with empty_log(tmp_path) as weeks:
        for number in (0, 1):
            Hospital(weeks, change=CHANGES["within_class"][0]).deliver(number)
            found = replace(looking(weeks), test_films=films).look(night(number))
            keep(weeks, found, "")
        site = the_site(found)
        assert (found.state, site.reference.standing) == (State.GREEN, Standing.NOT_COMMISSIONED)
        assert "within_class" in causes(found)
        assert {"age", "exposure", "manufacturer"}.isdisjoint(each.signal.name for each in site.findings)
        blank = the_site(looking(weeks).look(night(1)))
        assert (blank.reference.standing, blank.findings) == (Standing.INCOMPARABLE, ())


def test_silence_of_a_site_that_always_sends_is_watched_and_then_an_alarm(weeks: PredictionLog) -> None:
    hospital = Hospital(weeks)
    hospital.deliver(WINDOW)
    look(weeks, WINDOW)
    found = []
    for number in (WINDOW + 1, WINDOW + 2):
        hospital.run(number)
        found.append(look(weeks, number))
    assert [each.state for each in found] == [State.WATCH, State.ALARM]
    assert [the_site(each).causes[0].words for each in found] == [
        "nothing for 1 night on which the site always sends",
        "nothing for 2 nights on which the site always sends",
    ]


def test_nights_without_a_run_are_no_silence(weeks: PredictionLog) -> None:
    found = look(weeks, WINDOW + 2)
    assert (found.ran, found.state, the_site(found).findings) == (False, State.GREEN, ())


def test_twice_the_usual_number_is_seen_and_a_usual_sunday_is_not(weeks: PredictionLog) -> None:
    Hospital(weeks).deliver(WINDOW - 1 + 7, 15)  # a Sunday
    Hospital(weeks).run(WINDOW - 2 + 7)
    assert look(weeks, WINDOW - 1 + 7).state is State.GREEN
    Hospital(weeks).deliver(WINDOW + 7, 110)
    assert "volume" in causes(look(weeks, WINDOW + 7))


def test_answers_are_not_compared_with_those_of_another_version(weeks: PredictionLog) -> None:
    later = "b" * 16
    Hospital(weeks, model=later, change=CHANGES["sharpness"][0]).deliver(WINDOW)
    found = looking(weeks, later).look(night(WINDOW))
    site = the_site(found)
    assert site.reference.standing is Standing.OTHER_MODEL and causes(found)[0] == "sharpness"
    assert not any(each.signal.of_answers for each in site.findings)


def test_a_version_that_nobody_judged_there_is_not_called_judged(weeks: PredictionLog) -> None:
    later = "b" * 16
    Hospital(weeks, model=later).deliver(WINDOW)
    found = looking(weeks, later).look(night(WINDOW))
    assert "judged at north, and nobody has judged this one there" in wording.verdict(found)
    assert wording.to_do(found)[0].startswith("north: signed for another version; look at a sample")


def test_the_estimated_accuracy_is_corrected_by_what_was_reviewed(weeks: PredictionLog) -> None:
    Hospital(weeks).deliver(WINDOW)
    estimate = the_site(looking(weeks).look(night(WINDOW))).accuracy
    assert estimate is not None and estimate.low is not None and estimate.high is not None and estimate.corrected
    assert estimate.value == pytest.approx(0.87 + 0.98 - 0.9, abs=0.03)
    assert estimate.low < estimate.value < estimate.high


def test_a_study_whose_films_come_in_two_nights_is_one_study_of_the_week(weeks: PredictionLog) -> None:
    Hospital(weeks).deliver(WINDOW)
    Hospital(weeks).deliver(WINDOW + 1)
    first, second = (studies_of(weeks, number) for number in (WINDOW, WINDOW + 1))
    weeks.execute(PREDICTIONS.update().where(PREDICTIONS.c.study == first[0]).values(study=second[0]))
    site = the_site(looking(weeks).look(night(WINDOW + 1)))
    assert {each.span: each.n for each in site.findings if each.signal.name == "quarantine"} == {1: 40, 7: 79}


def studies_of(weeks: PredictionLog, number: int) -> list[str]:
    period = nights.period_of(night(number), night(number), "UTC")
    return sorted({row["study"] for row in nights.films(weeks, ("study",), "north", None, period)})
