"""What an import keeps depends on which films came, not on their order."""

from itertools import permutations
from pathlib import Path

import pandas as pd
import pytest

from dicom_router.dataset.importing.sorting import Sorting
from dicom_router.dataset.importing.taking import Film
from dicom_router.dataset.table import COLUMNS, read_labels, read_labels_in_parts, write_labels, write_labels_in_parts


def film(source: str, image: str, **facts: object) -> Film:
    usual = {
        "label": "spine",
        "patient_id": "p",
        "study_id": "s",
        "split": "",
        "age_years": None,
        "sex": "",
        "view": "",
    }
    return Film(**{"source": source, "image": image, "path": f"images/{image}", "synthetic": False, **usual, **facts})  # type: ignore[arg-type]


FILMS = (
    film("b", "1"),
    film("a", "1"),
    film("a", "2", label="abdomen", age_years=3.0),
    film("c", "2", label="spine", age_years=3.0),
    film("d", "3", patient_id=""),
)


def test_every_order_gives_the_same(tmp_path: Path) -> None:
    results = set()
    for films in permutations(FILMS):
        with Sorting(tmp_path / "scratch") as sorting:
            for one in films:
                assert sorting.add(one) == []
            sorting.settle()
            refused = tuple((refusal.source, refusal.detail) for refusal in sorting.conflicts())
            sorting.admit("north", "internal")
            rows = pd.concat(sorting.rows()).to_csv()
            counts = (sorting.already_there(), sorting.without_patient(), *sorting.imported().values())
            results.add((refused, rows, counts, tuple(sorted(sorting.origins()))))
    assert len(results) == 1
    refused, _, counts, origins = results.pop()
    assert refused == (
        ("a", "the same film came as abdomen and spine"),
        ("c", "the same film came as abdomen and spine"),
    )
    assert counts == (1, 1, 0, 0, 0, 2, 0)
    assert [source for source, *_ in origins] == ["a", "b", "d"]


@pytest.mark.parametrize("facts", [{"patient_id": "q"}, {"age_years": 4.0}, {"split": "test"}, {"sex": "F"}])
def test_copies_that_differ_in_any_fact_are_refused(tmp_path: Path, facts: dict[str, object]) -> None:
    with Sorting(tmp_path / "scratch") as sorting:
        sorting.add(film("a", "1"))
        sorting.add(film("b", "1", **facts))
        sorting.settle()
        assert [refusal.detail for refusal in sorting.conflicts()] == 2 * ["two rows of the table differ about it"]
        assert sum(sorting.imported().values()) == 0


def test_one_source_may_hold_a_film_twice(tmp_path: Path) -> None:
    with Sorting(tmp_path / "scratch") as sorting:
        sorting.add(film("a.zip/film", "1"))
        sorting.add(film("a.zip/film", "1"))
        sorting.settle()
        assert (sorting.imported()["spine"], sorting.already_there()) == (1, 1)


def test_a_name_that_is_no_utf8_comes_back_as_it_was(tmp_path: Path) -> None:
    with Sorting(tmp_path / "scratch") as sorting:
        sorting.add(film("M\udcfcller", "1"))
        sorting.settle()
        assert [source for source, *_ in sorting.origins()] == ["M\udcfcller"]


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_table_in_parts_is_the_table(tmp_path: Path, rows: int) -> None:
    values = [
        (f'images/{n},"x"', "spine", "p", "s", "north", "internal", n, "", n / 3 if n else None, "", "ä")
        for n in range(rows)
    ]
    table = pd.DataFrame(values, columns=list(COLUMNS)).astype({"age_years": "float64", "batch": "int64"})
    (tmp_path / "whole").mkdir()
    write_labels(tmp_path / "whole", table)
    by_pandas = table.to_csv(index=False, lineterminator="\n").encode()
    assert (tmp_path / "whole" / "labels.csv").read_bytes() == by_pandas
    parts = list(read_labels_in_parts(tmp_path / "whole", rows=2))
    assert sum(map(len, parts)) == rows
    write_labels_in_parts(tmp_path, parts)
    assert (tmp_path / "labels.csv").read_bytes() == by_pandas
    pd.testing.assert_frame_equal(read_labels(tmp_path), read_labels(tmp_path / "whole"))
