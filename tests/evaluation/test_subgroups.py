"""Figures by hospital, sex, age, view and maker."""

import numpy as np
import pandas as pd
import pytest
from evaluation.made_up import made_up_table

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.figures import confusion_samples, recall_samples
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.subgroups import MOST_VALUES, age_bands, attribute_values, subgroups
from dicom_router.labels import CLASSES


@pytest.mark.parametrize(
    ("years", "band"),
    [(0, "0-1"), (1.99, "0-1"), (2, "2-9"), (9.9, "2-9"), (10, "10-17"), (17.9, "10-17"), (18, "18-39"), (65, "65+"),
     (np.nan, "unknown"), (-1, "unknown")],
)  # fmt: skip
def test_an_age_falls_into_the_band_that_starts_with_it(years: float, band: str) -> None:
    assert age_bands(pd.Series([years])).tolist() == [band]


def test_what_the_table_does_not_tell_the_header_does() -> None:
    table = pd.DataFrame({"sex": ["F", "", ""], "PatientSex": ["M", "M", ""]})
    assert attribute_values(table, "sex").tolist() == ["F", "M", "unknown"]


def test_ages_come_from_the_header_where_the_table_has_none() -> None:
    table = pd.DataFrame({"age_years": [np.nan, 30.0], "header_age_years": [12.0, 5.0]})
    assert attribute_values(table, "age_band").tolist() == ["10-17", "18-39"]


def test_an_attribute_without_a_column_is_left_out(settings: Bootstrap) -> None:
    assert "PhotometricInterpretation" not in subgroups(made_up_table(), settings)


def test_rare_values_of_many_are_counted_together() -> None:
    names = [f"hospital {number:02d}" for number in range(20)]
    table = pd.DataFrame({"site": [name for number, name in enumerate(names) for _ in range(20 - number)]})
    values = attribute_values(table, "site")
    assert set(values) == {*names[:MOST_VALUES], "all others"}


def test_the_values_of_an_attribute_hold_every_image_once(settings: Bootstrap) -> None:
    for values in subgroups(made_up_table(), settings).values():
        assert sum(group["n"] for group in values.values()) == 600
        for group in values.values():
            assert sum(each["n"] for each in group["classes"].values()) == group["n"]


def test_ages_run_from_young_to_old_with_the_unknown_last(settings: Bootstrap) -> None:
    bands = list(subgroups(made_up_table(), settings)["age_band"])
    assert bands == ["0-1", "2-9", "10-17", "18-39", "40-64", "65+", "unknown"]


def test_figures_of_a_subgroup_are_those_of_its_images(settings: Bootstrap) -> None:
    table = made_up_table()
    south = table[table["site"] == "south"]
    group = subgroups(table, settings)["site"]["south"]
    assert group["accuracy"]["value"] == pytest.approx(south["correct"].mean())
    assert group["accuracy"]["low"] < group["accuracy"]["value"] < group["accuracy"]["high"]
    for name in CLASSES:
        images = south[south["label"] == name]
        assert group["classes"][name]["recall"]["value"] == pytest.approx(images["correct"].mean())


def test_a_subgroup_of_few_patients_has_an_exact_interval_only(settings: Bootstrap) -> None:
    table = made_up_table()
    table.loc[:4, "site"] = "annex"
    group = subgroups(table, settings)["site"]["annex"]
    assert group["accuracy"]["reason"] == "5 patients, fewer than 20"
    assert group["accuracy_exact"]["low"] is not None


def test_a_class_that_a_subgroup_lacks_has_no_recall(settings: Bootstrap) -> None:
    infants = subgroups(made_up_table(), settings)["age_band"]["0-1"]
    assert infants["classes"]["spine"] == {
        "n": 0, "patients": 0, "recall": {"value": None, "low": None, "high": None, "reason": "no image"},
    }  # fmt: skip


def test_recalls_are_those_of_the_whole_confusion_matrix(settings: Bootstrap) -> None:
    predictions = Predictions.from_table(made_up_table(sharpness=2.0))
    short, whole = (samples(predictions, settings, "x") for samples in (recall_samples, confusion_samples))
    assert len(short) == 1 + len(CLASSES)
    for name, figure in short.items():
        assert figure.value == whole[name].value
        assert figure.replicates.std() == pytest.approx(whole[name].replicates.std(), rel=0.15)
