"""What a dataset is expected to be, as a table: one row per expectation, thresholds from the parameters.

How a problem is met depends on whom it harms:

- **One image that is bad** (unreadable, missing, a copy, contradictory, of an unknown class) goes to
  the quarantine with a reason code, and an expectation of severity ``warning`` names it. The pipeline goes on.
- **A table that would make every figure wrong** is ``critical`` and stops the pipeline: a cohort or split
  that nobody knows, a patient on two sides, synthetic films among real ones, too many lost images, nothing
  to tell apart.
- **What a person should look at** (a label that the age contradicts, an odd film, a small class) is a
  ``warning``, and what is normal but worth knowing is ``info``. The images stay.
"""

from dicom_router.dataset.expectations.of_images import of_images
from dicom_router.dataset.expectations.of_labels import of_labels
from dicom_router.dataset.expectations.of_near_duplicates import of_near_duplicates
from dicom_router.dataset.expectations.vocabulary import Expectation, between, one_of
from dicom_router.dataset.splitting import ALL_SIDES_FROM
from dicom_router.params import Validation


def expectations(thresholds: Validation) -> tuple[Expectation, ...]:
    """Return all expectations, in the order of the report."""
    return (*of_labels(thresholds), *of_near_duplicates(), *of_images(thresholds), *of_dataset(thresholds))


def of_dataset(thresholds: Validation) -> tuple[Expectation, ...]:
    """Return what is expected of the classes, the folder and the whole."""
    return (
        Expectation(
            "class_present",
            "warning",
            "classes",
            "the internal cohort has every class",
            between("internal_images", 1, None),
            "a network cannot learn a class that it never sees; figures will say n: 0",
        ),
        Expectation(
            "external_class_present",
            "info",
            "classes",
            "the external cohort has every class",
            between("external_images", 1, None),
            "normal where a hospital does not make such films; its figures will say n: 0",
        ),
        Expectation(
            "class_size",
            "warning",
            "classes",
            "every class that is present has enough films",
            between("images", thresholds.min_images_per_class, None),
            "figures of so few films have wide intervals",
        ),
        Expectation(
            "class_patients",
            "warning",
            "classes",
            "every internal class has enough patients for all four sides",
            between("internal_patients", ALL_SIDES_FROM, None),
            "train is filled first, then test; the sides without this class report n: 0",
        ),
        Expectation(
            "files_listed",
            "warning",
            "files",
            "labels.csv names every file below images/",
            one_of("listed", (True,), "files that have a row"),
            "these files are not used; import them, or remove them",
        ),
        Expectation(
            "images_not_lost",
            "critical",
            "dataset",
            "few images are lost to the quarantine",
            between("lost_share", None, thresholds.max_lost_share),
            "artifacts/quarantine.csv says why each was; copies do not count; "
            "raise validation.max_lost_share only if the loss is understood",
        ),
        Expectation(
            "two_classes",
            "critical",
            "dataset",
            "there are at least two classes to train on",
            between("trainable_classes", 2, None),
            "import internal films of another class; a network needs something to tell apart",
        ),
    )
