"""Which films are checked, which of them count as one, and how their labels are ranked."""

import numpy as np
import pandas as pd

from dicom_router.evaluation.label_check import COLUMNS, independent_groups, rank_labels, with_current_labels

INDEX = pd.DataFrame(
    {
        "path": ["a", "b", "c", "d"],
        "label": ["spine", "spine", "other", "other"],
        "group": ["one", "one", "two", "three"],
    }
)
NO_LINKS = pd.DataFrame({"group": [], "path": [], "near_duplicate_of": []})


def test_the_label_is_the_one_that_stands_in_the_table_now() -> None:
    labels = pd.DataFrame({"path": ["a", "b", "c"], "label": ["adult", "nonsense", "other"]})
    films = with_current_labels(INDEX, labels)
    assert films["path"].tolist() == ["a", "c"]
    assert films["label"].tolist() == ["adult_chest", "other"]
    assert films.index.tolist() == [0, 2]  # the rows of the cache


def test_films_of_one_patient_are_one_group() -> None:
    groups = independent_groups(INDEX, NO_LINKS)
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_near_duplicates_make_one_group_of_two_patients() -> None:
    links = pd.DataFrame({"group": ["b", "c"], "path": ["d", "gone"], "near_duplicate_of": ["b", "c"]})
    groups = independent_groups(INDEX, links)
    assert groups[0] == groups[1] == groups[3] != groups[2]


def test_films_that_are_alike_by_a_film_that_is_quarantined_are_one_group() -> None:
    links = pd.DataFrame({"group": ["b", "b"], "path": ["gone", "d"], "near_duplicate_of": ["b", "gone"]})
    groups = independent_groups(INDEX, links)
    assert groups[0] == groups[3] != groups[2]


def test_likely_errors_come_first_and_every_film_is_ranked() -> None:
    random = np.random.default_rng(0)
    labels = pd.Series(np.repeat(["abdomen", "spine"], 20))
    probabilities = np.full((40, 5), 0.05)
    probabilities[np.arange(40), np.repeat([0, 3], 20)] = 0.8
    probabilities += random.random((40, 5)) / 50
    probabilities[7] = [0.02, 0.02, 0.02, 0.92, 0.02]
    table = rank_labels(pd.Series([f"{n:02}" for n in range(40)]), labels, probabilities)
    assert tuple(table) == COLUMNS
    assert table["rank"].tolist() == list(range(1, 41))
    assert table.iloc[0][["path", "label", "suggested", "likely_error"]].tolist() == ["07", "abdomen", "spine", True]
    assert table["likely_error"].sum() == 1
