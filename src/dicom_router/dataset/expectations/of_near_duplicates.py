"""What is expected of near-duplicates; ``findings`` says in what the films of a group disagree."""

from dicom_router.dataset.expectations.vocabulary import Expectation, none_of


def of_near_duplicates() -> tuple[Expectation, ...]:
    """Return what is expected of films that show the same; all of them stay."""
    return (
        Expectation(
            "near_duplicate_labels",
            "warning",
            "rows",
            "near-duplicates have one label",
            none_of("near_duplicate", ("labels",), "one label for films that show the same"),
            "artifacts/near_duplicates.csv names the pairs; look at them and correct the label that is wrong",
        ),
        Expectation(
            "near_duplicate_cohorts",
            "warning",
            "rows",
            "no external film is a near-duplicate of an internal one",
            none_of("near_duplicate", ("cohorts",), "films that show the same in one cohort"),
            "artifacts/near_duplicates.csv names the pairs; the network may know these external films from training: "
            "take them out, or give all of them the same cohort",
        ),
        Expectation(
            "near_duplicate_sides",
            "warning",
            "rows",
            "no near-duplicates are given two splits",
            none_of("near_duplicate", ("sides",), "one given split for films that show the same"),
            "the given split is followed, so the test knows these films from training; artifacts/near_duplicates.csv "
            "names the pairs: give their patients one split",
        ),
        Expectation(
            "near_duplicate_patients",
            "warning",
            "rows",
            "near-duplicates are of one patient",
            none_of("near_duplicate", ("patients",), "one patient for films that show the same"),
            "the split keeps these patients on one side; artifacts/near_duplicates.csv names the pairs: probably one "
            "person under two numbers",
        ),
        Expectation(
            "near_duplicate_films",
            "info",
            "rows",
            "no film is a near-duplicate of another of its patient",
            none_of("near_duplicate", ("nothing",), "each film once, in whatever size, window or encoding"),
            "they stay on one side of the split, but count as several films; artifacts/near_duplicates.csv names them",
        ),
    )
