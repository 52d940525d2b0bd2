"""Predictions as arrays and as a table."""

import numpy as np
import pandas as pd
import pytest
from evaluation.made_up import certain, made_up_table
from numpy.testing import assert_array_equal

from dicom_router.errors import DataError
from dicom_router.evaluation.predictions import Predictions, patient_numbers, predictions_table


def test_the_table_is_sorted_by_path_and_names_the_most_probable_class() -> None:
    index = pd.DataFrame({"path": ["b", "a"], "label": ["spine", "other"], "patient_id": ["1", "1"]})
    table = predictions_table(index, np.array([[0, 0, 0, 0.75, 0.25], [0.5, 0, 0, 0.25, 0.25]]))
    assert table["path"].tolist() == ["a", "b"]
    assert table["predicted"].tolist() == ["abdomen", "spine"]
    assert table["correct"].tolist() == [False, True]
    assert table["confidence"].tolist() == [0.5, 0.75]
    assert table["p_spine"].dtype == np.float32


def test_the_first_class_of_a_tie_is_predicted() -> None:
    index = pd.DataFrame({"path": ["a"], "label": ["other"], "patient_id": ["1"]})
    assert predictions_table(index, np.full((1, 5), 0.2))["predicted"].tolist() == ["abdomen"]


def test_no_image_gives_a_table_without_rows() -> None:
    index = pd.DataFrame({"path": [], "label": [], "patient_id": []})
    predictions = Predictions.from_table(predictions_table(index, np.empty((0, 5))))
    assert (len(predictions.labels), predictions.n_patients) == (0, 0)


def test_the_table_says_what_its_arrays_say() -> None:
    table = made_up_table(50)
    predictions = Predictions.from_table(table)
    assert_array_equal(predictions.correct, table["correct"])
    assert_array_equal(predictions.confidence, table["confidence"].astype(float))
    assert predictions.n_patients == table["patient_id"].nunique()


def test_images_without_a_patient_id_are_patients_of_their_own() -> None:
    table = pd.DataFrame({"path": ["a", "b", "c", "d"], "patient_id": ["", None, "7", "7"]})
    numbers = patient_numbers(table)
    assert len(set(numbers)) == 3 and numbers[2] == numbers[3]


def test_the_unit_of_the_split_goes_before_the_patient_id() -> None:
    table = pd.DataFrame({"path": ["a", "b"], "patient_id": ["ANON", "ANON"], "group": ["study 1", "study 2"]})
    assert len(set(patient_numbers(table))) == 2


def test_patients_of_a_part_are_numbered_anew() -> None:
    part = certain([0, 1, 2], [0, 1, 2], patients=[0, 5, 9]).where(np.array([False, True, True]))
    assert_array_equal(part.patients, [0, 1])


def test_an_unknown_label_is_refused_with_the_accepted_ones() -> None:
    table = made_up_table(3).assign(label="knee")
    with pytest.raises(DataError, match="knee in the predictions; accepted: abdomen"):
        Predictions.from_table(table)
