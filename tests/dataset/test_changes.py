"""What changed between two versions of a dataset, as counts."""

from typing import Any

import pandas as pd
import pytest
from dataset.tiny import labels_of, row
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_router.cli.dataset_diff import change_lines
from dicom_router.dataset.changes import changed_paths, compare
from dicom_router.dataset.versions import Version
from dicom_router.labels import CLASSES

BEFORE = [row(1, "spine"), row(2, "abdomen"), row(3, "other", patient_id="patient2"), row(4, "other")]


def version(rows: list[dict[str, Any]]) -> Version:
    return Version("v", "", labels_of(rows), "")


def changes(after: list[dict[str, Any]], before: list[dict[str, Any]] = BEFORE) -> dict[str, Any]:
    return compare(version(before), version(after))


def test_the_same_version_has_no_change() -> None:
    found = changes(BEFORE)
    assert found["images"] == {"added": 0, "removed": 0, "relabelled": 0, "unchanged": 4}
    assert found["patients"] == {"before": 3, "added": 0, "removed": 0, "after": 3}
    assert not found["relabelled"] and not any(found["other_columns"].values())


def test_added_and_removed_images_count_for_their_class_site_and_patient() -> None:
    found = changes([*BEFORE[:3], row(5, "spine", site="south"), row(6, "spine", patient_id="patient1")])
    assert found["images"] == {"added": 2, "removed": 1, "relabelled": 0, "unchanged": 3}
    assert found["patients"] == {"before": 3, "added": 1, "removed": 1, "after": 3}
    assert found["classes"]["spine"]["images"] == {
        "before": 1,
        "added": 2,
        "removed": 0,
        "moved_in": 0,
        "moved_out": 0,
        "after": 3,
    }
    assert found["classes"]["spine"]["patients"] == {"before": 1, "added": 1, "removed": 0, "after": 2}
    assert found["sites"]["south"]["images"]["added"] == 1


def test_a_relabelled_image_leaves_one_class_and_joins_another() -> None:
    found = changes([row(1, "spine"), row(2, "spine"), row(3, "spine", patient_id="patient2"), row(4, "other")])
    assert found["relabelled"] == [
        {"from": "abdomen", "to": "spine", "images": 1},
        {"from": "other", "to": "spine", "images": 1},
    ]
    assert found["classes"]["spine"]["images"]["moved_in"] == 2
    assert found["classes"]["abdomen"]["images"]["moved_out"] == 1
    assert found["patients"]["removed"] == 0


def test_an_alias_of_the_same_class_is_no_change() -> None:
    assert changes([*BEFORE[:3], row(4, "others")])["images"]["relabelled"] == 0


@pytest.mark.parametrize(
    ("column", "value"), [("site", "south"), ("patient_id", "another"), ("split", "test"), ("age_years", 7.0)]
)
def test_other_columns_that_changed_are_counted(column: str, value: Any) -> None:
    found = changes([*BEFORE[:3], row(4, "other", **{column: value})])
    assert found["other_columns"] == {**changes(BEFORE)["other_columns"], column: 1}


def test_an_image_that_only_moved_to_another_folder_is_the_same_image() -> None:
    found = changes([*BEFORE[:3], row(4, "other", path="images/south/0004.dcm", site="south")])
    assert found["images"]["unchanged"] == 4
    assert found["sites"]["south"]["images"]["moved_in"] == 1


def test_where_file_names_repeat_an_image_is_known_by_its_path() -> None:
    one, other = row(1, "spine", path="images/a/film.dcm"), row(2, "spine", path="images/b/film.dcm")
    assert changes([one], before=[one, other])["images"] == {"added": 0, "removed": 1, "relabelled": 0, "unchanged": 1}


def test_paths_are_listed_by_what_happened_to_them() -> None:
    after = [row(2, "spine"), row(3, "other", patient_id="patient2"), row(4, "other"), row(9, "spine")]
    assert changed_paths(version(BEFORE), version(after)) == {
        "added": ["images/0009.dcm"],
        "removed": ["images/0001.dcm"],
        "relabelled": [{"path": "images/0002.dcm", "from": "abdomen", "to": "spine"}],
    }


def test_counts_name_no_image_and_no_patient() -> None:
    text = str(changes([row(7, "spine"), row(8, "abdomen")]))
    assert "images/" not in text and "patient7" not in text and "study7" not in text


def test_nothing_in_common_is_said_with_what_may_be_behind_it() -> None:
    shown = "\n".join(change_lines(changes([row(70, "spine")])))
    assert "no image is in both: another dataset, or one imported with another pseudonym key" in shown


rows = st.lists(
    st.builds(
        lambda number, label, patient, site: row(number, label, patient_id=patient, site=site),
        st.integers(0, 12), st.sampled_from([*CLASSES, "knee"]), st.sampled_from(["a", "b", ""]), st.sampled_from("no"),
    ),
    max_size=12,
    unique_by=lambda each: str(each["path"]),
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(rows, rows)
def test_every_row_of_every_table_adds_up(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    found = changes(after, before)
    images = found["images"]
    assert len(after) == len(before) + images["added"] - images["removed"]
    for kind, column in (("classes", "label"), ("sites", "site")):
        for name, of in found[kind].items():
            n, p = of["images"], of["patients"]
            assert n["before"] + n["added"] - n["removed"] + n["moved_in"] - n["moved_out"] == n["after"]
            assert n["after"] == int((pd.DataFrame(after, columns=[*BEFORE[0]])[column] == name).sum())
            assert p["before"] + p["added"] - p["removed"] == p["after"]
    list(change_lines(found))
