"""Each expectation is broken by a dataset of its own, and by nothing else in it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from dataset.tiny import balanced_rows, facts_of, scanned

from dicom_router.dataset.expectations.checking import check
from dicom_router.dataset.expectations.findings import Tables, tables
from dicom_router.dataset.expectations.report import message, report
from dicom_router.dataset.expectations.table import expectations
from dicom_router.dataset.expectations.vocabulary import Expectation, Verdict
from dicom_router.dataset.near_duplicates.search import Likeness, near_duplicates
from dicom_router.dataset.scanning import Outcome, Refused, Scanned
from dicom_router.dataset.table import Origin
from dicom_router.params import Params, load_params
from dicom_router.reasons import Reason

# Films in the dataset below: 7 internal ones of each class in the order of CLASSES, then 4 external ones.
ABDOMEN, ADULT, CHILD = 0, 7, 14
EXTERNAL_ABDOMEN, EXTERNAL_SPINE, EXTERNAL_OTHER, LAST = 35, 50, 51, 54
LIKENESS = Likeness(distance=20, correlation=0.9)


@dataclass
class Case:
    """A dataset under construction: rows, what reading them gave, files that no row names."""

    rows: list[dict[str, Any]] = field(default_factory=lambda: balanced_rows(7, 4))
    outcomes: list[Outcome] = field(default_factory=lambda: [scanned(number) for number in range(55)])
    unlisted: list[str] = field(default_factory=list)
    synthetic: bool = False
    lost_share: float | None = None

    def set(self, number: int = ABDOMEN, **values: Any) -> None:
        """Set columns of a row."""
        self.rows[number] |= values

    def film(self, number: int = ABDOMEN, **header: Any) -> None:
        """Set header fields of a film."""
        self.outcomes[number] = scanned(number, **header)

    def pixels(self, **statistics: float) -> None:
        """Set pixel statistics of the first film."""
        film = scanned(ABDOMEN)
        self.outcomes[ABDOMEN] = replace(film, statistics=replace(film.statistics, **statistics))

    def refuse(self, reason: Reason) -> None:
        """Have the last film refused."""
        self.outcomes[LAST] = Refused(reason, reason.meaning)

    def copy(self, source: int, **parts: str) -> None:
        """Give the last film the bytes and pixels of ``source``; ``parts`` are set on top."""
        film = self.outcomes[source]
        assert isinstance(film, Scanned)
        self.outcomes[LAST] = replace(film, **parts)

    def repeat(self, source: int, number: int = LAST, **values: Any) -> None:
        """Have a film look like ``source`` and belong to its patient; columns are set on top."""
        film, of = self.outcomes[number], self.outcomes[source]
        assert isinstance(film, Scanned)
        assert isinstance(of, Scanned)
        self.outcomes[number] = replace(film, appearance=of.appearance)
        self.set(number, **({"patient_id": self.rows[source]["patient_id"]} | values))

    def drop(self, numbers: range) -> None:
        """Remove rows."""
        del self.rows[numbers.start : numbers.stop], self.outcomes[numbers.start : numbers.stop]


def two_sides(case: Case) -> None:
    case.set(0, patient_id="one", split="train")
    case.set(1, patient_id="one", split="test")


def two_cohorts(case: Case) -> None:
    case.set(EXTERNAL_ABDOMEN, patient_id=case.rows[ABDOMEN]["patient_id"])


def giant_patient(case: Case) -> None:
    for number in (ABDOMEN, ADULT, CHILD, CHILD + 7):
        case.set(number, patient_id="one")


def real_film(case: Case) -> None:
    case.synthetic = True
    for number in range(1, 55):
        case.film(number, synthetic=True)


def two_ages(case: Case) -> None:
    case.set(age_years=50.0)
    case.film(age_years=60.0)


def wrong_parts(case: Case) -> None:
    for number, part in enumerate(("SKULL", "Thorax", "ABDOMEN")):
        case.film(number, BodyPartExamined=part)


def few_patients(case: Case) -> None:
    for number in range(7):
        case.set(number, patient_id=f"patient{number % 3}")


def two_given_sides(case: Case) -> None:
    case.repeat(ABDOMEN, ABDOMEN + 1, patient_id="another", split="test")
    case.set(ABDOMEN, split="train")


def much_lost(case: Case) -> None:
    case.lost_share = 0.5


def one_class(case: Case) -> None:
    for of in case.rows[ADULT:EXTERNAL_ABDOMEN]:
        of["split"] = "test"


BREAKING: dict[str, Callable[[Case], None]] = {
    "cohort_known": lambda case: case.set(LAST, cohort="extern"),
    "split_known": lambda case: case.set(split="training"),
    "site_named": lambda case: case.set(site=" "),
    "patient_on_one_side": two_sides,
    "split_internal_only": lambda case: case.set(LAST, split="train"),
    "patient_known": lambda case: case.set(patient_id="ANON"),
    "patient_in_one_cohort": two_cohorts,
    "patient_size": giant_patient,
    "label_known": lambda case: case.set(LAST, label="elbow"),
    "path_inside": lambda case: case.refuse(Reason.OUTSIDE_SOURCE),
    "file_exists": lambda case: case.refuse(Reason.MISSING_FILE),
    "file_readable": lambda case: case.refuse(Reason.TRUNCATED),
    "film_not_constant": lambda case: case.refuse(Reason.CONSTANT_IMAGE),
    "bytes_once": lambda case: case.copy(EXTERNAL_OTHER),
    "pixels_once": lambda case: case.copy(EXTERNAL_OTHER, sha256="other bytes"),
    "labels_agree": lambda case: case.copy(EXTERNAL_SPINE),
    "near_duplicate_labels": lambda case: case.repeat(EXTERNAL_SPINE),
    "near_duplicate_cohorts": lambda case: case.repeat(ABDOMEN, EXTERNAL_ABDOMEN, patient_id="another"),
    "near_duplicate_sides": two_given_sides,
    "near_duplicate_patients": lambda case: case.repeat(ABDOMEN, ABDOMEN + 1, patient_id="another"),
    "near_duplicate_films": lambda case: case.repeat(EXTERNAL_OTHER),
    "no_synthetic_among_real": lambda case: case.film(synthetic=True),
    "no_real_among_synthetic": real_film,
    "side_not_small": lambda case: case.film(Rows=100, Columns=128),
    "side_not_large": lambda case: case.film(Rows=20000, Columns=8000),
    "aspect_ratio": lambda case: case.film(Rows=3000, Columns=300),
    "pixel_aspect": lambda case: case.film(pixel_aspect=4.0),
    "bit_depth": lambda case: case.film(BitsStored=4),
    "bits_fit": lambda case: case.film(BitsAllocated=8),
    "adult_is_no_child": lambda case: case.set(ADULT, age_years=4.0),
    "child_is_no_adult": lambda case: case.film(CHILD, age_years=40.0),
    "adult_is_no_adolescent": lambda case: case.set(ADULT, age_years=15.0),
    "age_plausible": lambda case: case.set(age_years=150.0),
    "ages_agree": two_ages,
    "modality": lambda case: case.film(Modality="CT"),
    "sop_class": lambda case: case.film(SOPClassUID=""),
    "body_part": wrong_parts,
    "mean": lambda case: case.pixels(mean=0.99),
    "black_fraction": lambda case: case.pixels(black_fraction=0.99),
    "white_fraction": lambda case: case.pixels(white_fraction=0.9),
    "contrast": lambda case: case.pixels(contrast=0.01),
    "class_present": lambda case: case.drop(range(ABDOMEN, ADULT)),
    "external_class_present": lambda case: case.drop(range(EXTERNAL_OTHER, LAST + 1)),
    "class_size": lambda case: case.drop(range(LAST - 1, LAST + 1)),
    "class_patients": few_patients,
    "files_listed": lambda case: case.unlisted.append("images/stray.dcm"),
    "images_not_lost": much_lost,
    "two_classes": one_class,
}


@pytest.fixture(scope="module")
def params() -> Params:
    """Return the repository's parameters with thresholds for a small dataset."""
    own = load_params(ROOT / "params.yaml")
    small = {"min_images_per_class": 3, "max_images_per_patient": 3}
    return own.model_copy(update={"validation": own.validation.model_copy(update=small)})


def seen(case: Case, params: Params) -> Tables:
    facts = facts_of(case.rows, case.outcomes)
    links = near_duplicates(facts, LIKENESS)
    derived = tables(facts, links, case.unlisted, Origin(case.synthetic, "", ""), params.labelling)
    if case.lost_share is None:
        return derived
    # No image is lost without a reason that another expectation names, so only the sum is changed.
    return replace(derived, dataset=derived.dataset.assign(lost_share=case.lost_share))


Judged = dict[tuple[str, str], Verdict]  # by expectation and content of its column


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Return the verdicts of this module, since Great Expectations takes its time for each."""
    return {}


def failing(case: Case, params: Params, judged: Judged) -> list[Verdict]:
    """Return the verdicts that are not met; a column with the same content is judged once."""
    derived = seen(case, params)
    wanted = {(of.name, column_content(derived, of)): of for of in expectations(params.validation)}
    new = {key: of for key, of in wanted.items() if key not in judged}
    judged |= zip(new, check(derived, list(new.values())), strict=True)
    return [judged[key] for key in wanted if not judged[key].success]


def column_content(derived: Tables, expectation: Expectation) -> str:
    """Return all that a verdict depends on: the names of the rows and the column that is checked."""
    table = getattr(derived, expectation.table)
    return repr(table[[table.columns[0], expectation.check.kwargs["column"]]].to_dict("list"))


def test_an_ordinary_dataset_meets_every_expectation(params: Params, judged: Judged) -> None:
    assert failing(Case(), params, judged) == []


def test_every_expectation_has_a_dataset_that_breaks_it(params: Params) -> None:
    assert list(BREAKING) == [expectation.name for expectation in expectations(params.validation)]


@pytest.mark.parametrize("name", BREAKING)
def test_a_dataset_breaks_one_expectation_alone(name: str, params: Params, judged: Judged) -> None:
    case = Case()
    BREAKING[name](case)
    assert [verdict.expectation.name for verdict in failing(case, params, judged)] == [name]


def test_a_table_without_rows_is_judged_too(params: Params, judged: Judged) -> None:
    names = {verdict.expectation.name for verdict in failing(Case(rows=[], outcomes=[]), params, judged)}
    assert names == {"class_present", "two_classes"}


def test_no_external_cohort_is_no_finding(params: Params, judged: Judged) -> None:
    case = Case()
    case.drop(range(EXTERNAL_ABDOMEN, LAST + 1))
    assert failing(case, params, judged) == []


def test_a_message_names_rows_values_what_is_accepted_and_what_to_do(params: Params, judged: Judged) -> None:
    case = Case()
    for number in range(12):
        case.set(number, cohort="extern")
    verdicts = failing(case, params, judged)
    (said,) = [message(verdict) for verdict in verdicts if verdict.expectation.severity == "critical"]
    assert "every row has a known cohort (cohort_known)" in said
    assert "found:    12 of 55 rows: cohort 'extern' (12)\n" in said
    assert "accepted: cohort internal or external\n" in said
    assert "rows:     images/0000.dcm, images/0001.dcm" in said
    assert "images/0009.dcm and 2 more" in said
    assert "to do:    correct the column cohort of labels.csv" in said


def test_the_report_lists_at_most_twenty_rows(params: Params) -> None:
    case = Case()
    for number in range(35):
        case.set(number, split="training")
    facts = facts_of(case.rows, case.outcomes)
    verdicts = check(seen(case, params), expectations(params.validation))
    document = report(facts, near_duplicates(facts, LIKENESS), verdicts, Origin(False, "", ""))
    entry = next(entry for entry in document["expectations"] if entry["name"] == "split_known")
    assert (entry["success"], entry["unexpected_count"], len(entry["unexpected"])) == (False, 35, 20)
    assert entry["severity"] == "critical"


def test_pages_are_built_and_replace_older_ones(params: Params, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.html").touch()
    check(seen(Case(), params), expectations(params.validation), docs=tmp_path / "docs")
    assert (tmp_path / "docs" / "index.html").is_file()
    assert not (tmp_path / "docs" / "old.html").exists()
