"""The plan: who, which films, and that a larger sample begins with a smaller one."""

from collections import Counter
from itertools import groupby

import pytest

from dicom_router.dataset.pseudonyms import is_placeholder
from dicom_router.labels import CLASSES
from dicom_router.sample.cohort import Order, plan
from dicom_router.sample.exams import EXAMS
from dicom_router.sample.hospital import HOSPITALS


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    return list(plan(seed=1, images=3000))


def test_a_larger_sample_begins_with_the_smaller_one(orders: list[Order]) -> None:
    assert list(plan(1, 50)) == orders[:50]


def test_another_seed_plans_other_films(orders: list[Order]) -> None:
    assert not {order.image_id for order in plan(2, 50)} & {order.image_id for order in orders}


@pytest.mark.parametrize("kind", ["image", "study", "series"])
def test_uids_are_valid(orders: list[Order], kind: str) -> None:
    assert all(order.uid(kind).startswith("2.25.") and len(order.uid(kind)) <= 64 for order in orders[:50])


def test_every_film_has_a_name_and_a_uid_of_its_own(orders: list[Order]) -> None:
    assert len({order.image_id for order in orders}) == len({order.uid("image") for order in orders}) == len(orders)


def test_films_of_one_study_share_its_uid_and_of_two_do_not(orders: list[Order]) -> None:
    studies = {(order.patient.number, order.study): order.uid("study") for order in orders}
    assert len(set(studies.values())) == len(studies)


@pytest.mark.parametrize("label", CLASSES)
def test_classes_are_about_even(orders: list[Order], label: str) -> None:
    assert 0.16 < sum(order.label == label for order in orders) / len(orders) < 0.24


def test_one_film_in_five_is_external(orders: list[Order]) -> None:
    assert 0.16 < sum(order.patient.cohort == "external" for order in orders) / len(orders) < 0.24


def test_patients_have_several_films_of_several_studies(orders: list[Order]) -> None:
    films = Counter(order.patient.number for order in orders)
    studies = {number: {o.study for o in group} for number, group in groupby(orders, lambda o: o.patient.number)}
    assert sum(count > 1 for count in films.values()) > 0.3 * len(films)
    assert sum(len(numbers) > 1 for numbers in studies.values()) > 0.1 * len(studies)


def test_a_patient_is_in_one_cohort_and_has_one_body(orders: list[Order]) -> None:
    for _, group in groupby(orders, lambda order: order.patient.number):
        assert len({order.patient for order in group}) == 1


def test_chests_are_labelled_by_age_and_other_parts_come_at_any_age(orders: list[Order]) -> None:
    ages = {name: [order.patient.body.age for order in orders if order.label == name] for name in CLASSES}
    assert max(ages["pediatric_chest"]) < 18.0 <= min(ages["adult_chest"])
    assert all(min(ages[name]) < 2.0 and max(ages[name]) > 80.0 for name in ("abdomen", "spine", "other"))


def test_pseudonyms_are_no_placeholders(orders: list[Order]) -> None:
    assert not any(is_placeholder(order.patient.identifier) for order in orders)


@pytest.mark.parametrize("group", ["abdomen", "chest", "spine", "other"])
@pytest.mark.parametrize("view", ["frontal", "lateral"])
@pytest.mark.parametrize("cohort", ["internal", "external"])
def test_every_class_has_enough_films_of_a_view_for_its_share_of_dx_files(group: str, view: str, cohort: str) -> None:
    share = sum(exam.weight for exam in EXAMS if exam.group == group and exam.view == view)
    assert dict(HOSPITALS[cohort].archive.dx)[view] <= share


@pytest.mark.parametrize("group", ["abdomen", "chest", "spine", "other"])
def test_weights_of_a_groups_examinations_add_up_to_one(group: str) -> None:
    assert sum(exam.weight for exam in EXAMS if exam.group == group) == pytest.approx(1.0)
