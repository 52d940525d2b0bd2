"""The split: patients stay together, shares are kept, and what is decided stays decided."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from dataset.tiny import balanced_rows, facts_of, labels_of, row, scanned
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_router.dataset.expectations.findings import accepted
from dicom_router.dataset.near_duplicates.table import COLUMNS as LINKS
from dicom_router.dataset.splitting import SIDES, assign, overruled, split_table, summarize, torn
from dicom_router.dataset.table import COHORTS, SPLITS, Origin, write_labels, write_origin
from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.params import Split, load_params
from dicom_router.stages import split as stage

SHARES = Split(seed=1337, train=0.70, validation=0.075, calibration=0.075, test=0.15)


def patients(count: int, label: str = "spine", films: int = 1, first: int = 0, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of so many patients, each with ``films`` films of ``label``."""
    numbers = [(patient, film) for patient in range(first, first + count) for film in range(films)]
    return [
        row(patient, label, path=f"images/{label}-{patient}-{film}.dcm", patient_id=f"{label}{patient}", **values)
        for patient, film in numbers
    ]


def linked(*pairs: tuple[str, str]) -> pd.DataFrame:
    """Return the table of near-duplicates: the path of each film and of the earlier one that it repeats."""
    return pd.DataFrame([("group", *pair, 0.95, False) for pair in pairs], columns=list(LINKS))


def counts(rows: list[dict[str, Any]], shares: Split = SHARES) -> list[int]:
    """Return how many rows train, test, calibration and validation get."""
    found = Counter(assign(labels_of(rows), shares))
    return [found[side] for side in ("train", "test", "calibration", "validation")]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, [0, 0, 0, 0]),
        (1, [1, 0, 0, 0]),
        (2, [2, 0, 0, 0]),
        (3, [2, 1, 0, 0]),
        (5, [4, 1, 0, 0]),
        (6, [3, 1, 1, 1]),
        (10, [7, 1, 1, 1]),
        (40, [28, 6, 3, 3]),
        (1000, [700, 150, 75, 75]),
    ],
)
def test_a_class_of_so_many_patients_is_shared_out(count: int, expected: list[int]) -> None:
    assert counts(patients(count)) == expected


def test_each_class_keeps_the_shares_for_itself() -> None:
    rows = patients(200, "spine") + patients(40, "other")
    sides = assign(labels_of(rows), SHARES)
    assert Counter(sides[200:]) == {"train": 28, "test": 6, "calibration": 3, "validation": 3}


def test_a_film_without_patient_goes_with_the_rest_of_its_study() -> None:
    named = patients(40, films=1)
    nameless = [{**of, "patient_id": "", "path": f"{of['path']}.second"} for of in named]
    sides = assign(labels_of(named + nameless), SHARES).tolist()
    assert sides[:40] == sides[40:]


def test_shares_count_patients_so_that_one_with_many_films_starves_no_side() -> None:
    heavy = patients(1, films=60)
    sides = counts(heavy + [of for number in range(1, 22) for of in patients(1, first=number)])
    assert min(sides) > 0


def test_a_patient_with_images_of_every_class_stays_on_one_side() -> None:
    everywhere = [row(900 + number, label, patient_id="all") for number, label in enumerate(CLASSES)]
    rows = [of for label in CLASSES for of in patients(30, label)] + everywhere
    assert assign(labels_of(rows), SHARES)[-len(CLASSES) :].nunique() == 1


def test_external_images_are_their_own_side() -> None:
    rows = patients(5, cohort="external") + patients(5, first=10)
    assert list(assign(labels_of(rows), SHARES)[:5]) == ["external"] * 5


@pytest.mark.parametrize("nobody", ["", "ANON", "0", "anonymous", "000"])
def test_a_patient_without_name_is_split_by_study(nobody: str) -> None:
    rows = patients(100)
    for number, of in enumerate(rows):
        of |= {"patient_id": nobody, "study_id": f"study{number // 2}"}
    labels = labels_of(rows)
    sides = assign(labels, SHARES)
    assert sides.groupby(labels["study_id"]).nunique().max() == 1
    assert set(sides) == set(SPLITS)


def test_without_patient_and_study_each_image_is_on_its_own() -> None:
    rows = [of | {"patient_id": "", "study_id": ""} for of in patients(100)]
    assert counts(rows) == counts(patients(100))


def test_a_given_split_is_honoured_for_the_whole_patient() -> None:
    rows = patients(20, films=2)
    rows[0]["split"] = "test"
    assert list(assign(labels_of(rows), SHARES)[:2]) == ["test", "test"]


def test_a_published_split_is_reproduced() -> None:
    given_sides = [SPLITS[number % 4] for number in range(50)]
    rows = [of | {"split": side} for of, side in zip(patients(50), given_sides, strict=True)]
    assert list(assign(labels_of(rows), SHARES)) == given_sides


def test_a_given_split_on_two_sides_of_one_patient_is_an_error() -> None:
    rows = patients(1, films=2)
    rows[0]["split"], rows[1]["split"] = "train", "test"
    with pytest.raises(DataError, match=r"spine0.*test and train"):
        assign(labels_of(rows), SHARES)


def test_a_given_split_that_comes_too_late_is_reported() -> None:
    rows = patients(10)
    labels = labels_of(rows)
    side = assign(labels, SHARES)[0]
    other = next(name for name in SPLITS if name != side)
    later = labels_of([*rows, rows[0] | {"path": "images/later.dcm", "batch": 2, "split": other}])
    sides = assign(later, SHARES)
    assert sides[10] == side
    assert list(overruled(later, sides)["path"]) == ["images/later.dcm"]


def test_another_seed_draws_other_patients() -> None:
    labels = labels_of(patients(100))
    assert list(assign(labels, SHARES)) != list(assign(labels, SHARES.model_copy(update={"seed": 1})))


# Images of few patients in few studies, so that patients come back, carry several labels and lack a name.
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "label": st.sampled_from([*CLASSES, "no class"]),
            "patient_id": st.sampled_from(["", *"abcdefghijklmnop"]),
            "study_id": st.sampled_from(["", "s1", "s2", "s3"]),
            "cohort": st.sampled_from(["internal", "internal", "internal", "external"]),
            "batch": st.integers(1, 4),
        }
    ),
    max_size=60,
).map(lambda drawn: [row(number, values.pop("label"), **values) for number, values in enumerate(map(dict, drawn))])


@settings(deadline=None)
@given(ROWS)
def test_no_patient_is_on_two_sides(rows: list[dict[str, Any]]) -> None:
    labels = labels_of(rows)
    known = labels[(labels["cohort"] == "internal") & (labels["patient_id"] != "") & (labels["label"] != "no class")]
    sides = assign(labels, SHARES).loc[known.index]
    assert (sides.groupby(known["patient_id"]).nunique() <= 1).all()


@settings(deadline=None)
@given(ROWS)
def test_later_batches_move_nobody(rows: list[dict[str, Any]]) -> None:
    labels = labels_of(rows)
    whole = assign(labels, SHARES)
    for batch in range(1, 4):
        before = labels[labels["batch"] <= batch]
        assert assign(before, SHARES).equals(whole.loc[before.index])


@settings(deadline=None)
@given(ROWS, st.randoms())
def test_the_order_of_rows_means_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    labels = labels_of(rows)
    shuffled = labels.loc[random.sample(list(labels.index), len(labels))]
    assert assign(shuffled, SHARES).sort_index().equals(assign(labels, SHARES))


@st.composite
def with_links(draw: st.DrawFn) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Draw rows, and links from a film to one that came before it, as the search finds them."""
    rows = draw(ROWS)
    ordered = [of["path"] for of in sorted(rows, key=lambda of: (of["batch"], of["path"]))]
    places = draw(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=12))
    pairs = [(max(pair), min(pair)) for pair in places if max(pair) < len(ordered) and pair[0] != pair[1]]
    return rows, linked(*((ordered[later], ordered[earlier]) for later, earlier in pairs))


@settings(deadline=None)
@given(with_links())
def test_no_group_of_near_duplicates_is_on_two_sides(drawn: tuple[list[dict[str, Any]], pd.DataFrame]) -> None:
    rows, links = drawn
    labels = labels_of([of | {"batch": 1} for of in rows])
    sides = dict(zip(labels["path"], assign(labels, SHARES, links), strict=True))
    for later, earlier in zip(links["path"], links["near_duplicate_of"], strict=True):
        assert len({sides[later], sides[earlier]} - {"", "external"}) <= 1


@settings(deadline=None)
@given(with_links())
def test_later_near_duplicates_move_nobody(drawn: tuple[list[dict[str, Any]], pd.DataFrame]) -> None:
    rows, links = drawn
    labels = labels_of(rows)
    whole = assign(labels, SHARES, links)
    for batch in range(1, 4):
        before = labels[labels["batch"] <= batch]
        assert assign(before, SHARES, links[links["path"].isin(before["path"])]).equals(whole.loc[before.index])


@settings(deadline=None)
@given(with_links(), st.randoms())
def test_the_order_of_linked_rows_means_nothing(drawn: tuple[list[dict[str, Any]], pd.DataFrame], random: Any) -> None:
    rows, links = drawn
    labels = labels_of(rows)
    shuffled = labels.loc[random.sample(list(labels.index), len(labels))]
    assert assign(shuffled, SHARES, links.iloc[::-1]).sort_index().equals(assign(labels, SHARES, links))


def test_without_near_duplicates_nothing_changes() -> None:
    labels = labels_of(patients(100))
    assert assign(labels, SHARES, linked()).equals(assign(labels, SHARES))


def test_a_later_near_duplicate_joins_the_side_of_the_earlier_patient() -> None:
    rows = patients(40)
    later = [of | {"batch": 2} for of in patients(40, first=40)]
    pairs = [(new["path"], old["path"]) for new, old in zip(later, rows, strict=True)]
    sides = assign(labels_of(rows + later), SHARES, linked(*pairs)).tolist()
    assert sides[40:] == sides[:40]
    assert set(sides) == set(SPLITS)


def test_patients_whom_an_external_film_connects_are_together() -> None:
    rows = [*patients(40), *(of | {"cohort": "external"} for of in patients(1, first=40))]
    bridge = rows[-1]["path"]
    sides = assign(labels_of(rows), SHARES, linked(*((of["path"], bridge) for of in rows[:10])))
    assert sides[:10].nunique() == 1


def torn_project() -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Return rows and links: a later film repeats films of a training and of a test patient."""
    rows = balanced_rows()
    rows[0]["split"], rows[1]["split"] = "train", "test"
    late = row(90, "abdomen", batch=2)
    return [*rows, late], linked((late["path"], rows[0]["path"]), (late["path"], rows[1]["path"]))


def test_what_a_later_film_connects_too_late_stays_and_is_reported() -> None:
    rows, links = torn_project()
    labels = labels_of(rows)
    sides = assign(labels, SHARES, links)
    apart = torn(split_table(accepted(facts_of(rows)), labels, sides), links)
    assert apart[["path", "split"]].to_numpy().tolist() == [
        ["images/0000.dcm", "train"],
        ["images/0001.dcm", "test"],
        ["images/0090.dcm", "train"],
    ]


def test_an_external_near_duplicate_is_reported() -> None:
    rows = balanced_rows()
    labels, links = labels_of(rows), linked((rows[40]["path"], rows[0]["path"]))
    apart = torn(split_table(accepted(facts_of(rows)), labels, assign(labels, SHARES, links)), links)
    assert set(apart["path"]) == {rows[0]["path"], rows[40]["path"]}


def test_many_batches_keep_the_shares() -> None:
    rows = [of for batch in range(1, 41) for of in patients(5, first=batch * 10, batch=batch)]
    assert np.array(counts(rows)) / 200 == pytest.approx([0.70, 0.15, 0.075, 0.075], abs=0.01)


def test_images_with_the_same_pixels_are_refused() -> None:
    labels = labels_of(patients(2))
    images = accepted(facts_of(patients(2))).assign(pixel_sha256="same")
    with pytest.raises(DataError, match="same pixels"):
        split_table(images, labels, assign(labels, SHARES))


def test_images_that_labels_do_not_name_are_refused() -> None:
    labels = labels_of(patients(2))
    with pytest.raises(DataError, match="run validate"):
        split_table(accepted(facts_of(patients(3))), labels, assign(labels, SHARES))


def test_a_quarantined_image_moves_nobody() -> None:
    labels = labels_of(patients(40))
    sides = assign(labels, SHARES)
    every = split_table(accepted(facts_of(patients(40))), labels, sides)
    fewer = split_table(accepted(facts_of(patients(40), [scanned(0), *map(scanned, range(39))])), labels, sides)
    assert fewer.merge(every)["path"].tolist() == fewer["path"].tolist()
    assert len(fewer) == 39


def test_the_summary_names_every_side_and_class() -> None:
    labels = labels_of(balanced_rows())
    summary = summarize(split_table(accepted(facts_of(balanced_rows())), labels, assign(labels, SHARES)))
    assert list(summary) == list(SIDES)
    assert all(list(of) == ["all", *CLASSES] for of in summary.values())
    assert summary["external"]["spine"] == {"images": 3, "patients": 3}
    assert sum(of["all"]["images"] for of in summary.values()) == 45


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with parameters, a dataset of facts, and what validate wrote about it."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    rows = balanced_rows()
    rows[0]["patient_id"] = ""
    write_labels(tmp_path / "data", labels_of(rows))
    write_origin(tmp_path / "data", Origin(False, "", ""))
    (tmp_path / "artifacts").mkdir()
    accepted(facts_of(rows)).to_parquet(tmp_path / "artifacts" / "images.parquet", index=False)
    linked().to_csv(tmp_path / "artifacts" / "near_duplicates.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_stage_writes_the_sides_and_the_account(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage.main()
    table = pd.read_parquet(project / "artifacts" / "splits.parquet")
    assert list(table) == ["path", "label", "patient_id", "study_id", "site", "cohort", "group", "split"]
    assert table["group"][0] == "study:study0"
    assert json.loads((project / "artifacts" / "splits.json").read_text())["train"]["all"]["images"] == 15
    out, err = capsys.readouterr()
    assert "45 images in = 15 train (15 patients) + 5 validation (5 patients)" in out
    assert "1 images name no patient" in err


def test_the_stage_warns_of_near_duplicates_on_two_sides(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, links = torn_project()
    write_labels(project / "data", labels_of(rows))
    accepted(facts_of(rows)).to_parquet(project / "artifacts" / "images.parquet", index=False)
    links.to_csv(project / "artifacts" / "near_duplicates.csv", index=False)
    stage.main()
    said = capsys.readouterr().err
    assert "near-duplicates are on several sides" in said
    assert "images/0000.dcm (train), images/0001.dcm (test), images/0090.dcm (train)" in said


def test_a_second_run_writes_the_same_bytes(project: Path) -> None:
    stage.main()
    files = [project / "artifacts" / name for name in ("splits.parquet", "splits.json")]
    first = [file.read_bytes() for file in files]
    stage.main()
    assert [file.read_bytes() for file in files] == first


def test_the_stage_without_the_one_before_it_says_what_to_run(project: Path) -> None:
    (project / "artifacts" / "images.parquet").unlink()
    with pytest.raises(DataError, match=r"images.parquet is missing: `dvc repro`"):
        stage.main()


def test_the_repositorys_own_shares_are_those_of_the_design() -> None:
    assert load_params(ROOT / "params.yaml").split == SHARES
    assert COHORTS == ("internal", "external")
