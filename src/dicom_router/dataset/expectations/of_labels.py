"""What is expected of labels.csv and of the files that it names."""

from typing import Final

from dicom_router.dataset.expectations.vocabulary import Expectation, between, matching, none_of, one_of
from dicom_router.dataset.table import COHORTS, SPLITS
from dicom_router.labels import CLASSES
from dicom_router.params import Validation
from dicom_router.reasons import Reason

READING: Final = tuple(
    sorted(
        set(Reason)
        - {
            Reason.UNKNOWN_LABEL,
            Reason.MISSING_FILE,
            Reason.OUTSIDE_SOURCE,
            Reason.DUPLICATE,
            Reason.LABEL_CONFLICT,
            Reason.CONSTANT_IMAGE,
        }
    )
)


def of_labels(thresholds: Validation) -> tuple[Expectation, ...]:
    """Return what is expected of labels.csv and of the files that it names."""
    return (
        Expectation(
            "cohort_known",
            "critical",
            "rows",
            "every row has a known cohort",
            one_of("cohort", COHORTS),
            "correct the column cohort of labels.csv",
        ),
        Expectation(
            "split_known",
            "critical",
            "rows",
            "every given split is known",
            one_of("split", ("", *SPLITS)),
            "correct the column split of labels.csv, or leave it empty to have the patient assigned",
        ),
        Expectation(
            "site_named",
            "critical",
            "rows",
            "every row names its site",
            matching("site", r"^\S(?:.{0,62}\S)?$", "of 1 to 64 characters without spaces around"),
            "fill in the column site of labels.csv; results are reported per site",
        ),
        Expectation(
            "patient_on_one_side",
            "critical",
            "rows",
            "no patient is on two sides of the given split",
            between("given_splits", None, 1),
            "give all films of a patient the same split; otherwise the test knows the patient from training",
        ),
        Expectation(
            "split_internal_only",
            "warning",
            "rows",
            "only internal rows give a split",
            one_of("external_split", ("",)),
            "external films are never trained on, so their split is ignored",
        ),
        Expectation(
            "patient_known",
            "warning",
            "rows",
            "every row names its patient",
            one_of("patient_known", (True,), "a patient_id that names somebody"),
            "films without patient are split by study, and without study one by one; a patient may sit on two sides",
        ),
        Expectation(
            "patient_in_one_cohort",
            "warning",
            "rows",
            "no patient is both internal and external",
            between("group_cohorts", None, 1),
            "if it is one person, the external cohort is not independent: give all films the same cohort",
        ),
        Expectation(
            "patient_size",
            "warning",
            "rows",
            "no patient has improbably many films",
            between("group_images", None, thresholds.max_images_per_patient),
            "an identifier shared by many patients puts all of them on one side; leave such a patient_id empty",
        ),
        Expectation(
            "label_known",
            "warning",
            "rows",
            "every label is a class or an alias of one",
            one_of("label", CLASSES),
            "the rows are quarantined; correct their label in labels.csv",
        ),
        Expectation(
            "path_inside",
            "warning",
            "rows",
            "every path stays below images/",
            none_of("reason", (Reason.OUTSIDE_SOURCE,), "a relative path such as images/site/film.dcm"),
            "the rows are quarantined; bring films in with `dicom-router import`",
        ),
        Expectation(
            "file_exists",
            "warning",
            "rows",
            "every row has its file",
            none_of("reason", (Reason.MISSING_FILE,), "the path of a file"),
            "the rows are quarantined; `dvc checkout` restores files that were imported once",
        ),
        Expectation(
            "file_readable",
            "warning",
            "rows",
            "every file can be read as a radiograph",
            none_of("reason", READING, "DICOM, PNG or JPEG files of one projection radiograph"),
            "the rows are quarantined; artifacts/quarantine.csv says why",
        ),
        Expectation(
            "film_not_constant",
            "warning",
            "rows",
            "every film shows something",
            none_of("reason", (Reason.CONSTANT_IMAGE,), "pixels of more than one value"),
            "the rows are quarantined: all their pixels have one value",
        ),
        Expectation(
            "bytes_once",
            "warning",
            "rows",
            "no two files have the same bytes",
            none_of("copy", ("bytes",), "each file once"),
            "the first by batch and path stays, these are quarantined",
        ),
        Expectation(
            "pixels_once",
            "warning",
            "rows",
            "no two files show the same pixels",
            none_of("copy", ("pixels",), "each film once, in whatever encoding"),
            "the first by batch and path stays, these are quarantined",
        ),
        Expectation(
            "labels_agree",
            "warning",
            "rows",
            "no film has two labels",
            none_of("reason", (Reason.LABEL_CONFLICT,), "one label per film"),
            "all rows with these pixels are quarantined; correct their labels",
        ),
    )
