"""reports/label_check.html, and what its script does in a browser."""

import html
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluation.test_report import Outline
from programs import require_program

from dicom_router.model.cache import PixelCache
from dicom_router.report.label_check import Checked, header_facts, piles, write_label_check

SUSPECTS = pd.DataFrame(
    [
        (1, "images/a/1.dcm", "spine", "abdomen", 0.01, 0.97, True),
        (2, "images/a/2.dcm", "adult_chest", "pediatric_chest", 0.05, 0.9, True),
        (3, "images/a/0.dcm", "adult_chest", "pediatric_chest", 0.1, 0.8, True),
    ],
    columns=["rank", "path", "label", "suggested", "self_confidence", "suggested_confidence", "likely_error"],
)
INDEX = pd.DataFrame(
    {
        "path": [f"images/a/{number}.dcm" for number in range(3)],
        "age_years": [np.nan, 70, 0.5],
        "header_age_years": [3, np.nan, 8],
        "BodyPartExamined": ["CHEST", "<SPINE>", None],
        "view": ["", "LATERAL", ""],
        "ViewPosition": ["PA", "", None],
    }
)
CACHE = PixelCache(np.arange(3 * 16, dtype=np.uint8).reshape(3, 4, 4) * 5, INDEX, {})


def page_of(folder: Path, table: pd.DataFrame = SUSPECTS, shown: int = 300, synthetic: bool = True) -> str:
    write_label_check(folder / "label_check.html", table.head(shown), CACHE, Checked(table, 4, synthetic))
    return (folder / "label_check.html").read_text(encoding="utf-8")


def test_films_are_piled_by_label_and_suggestion_the_least_credible_first() -> None:
    found = [(pile.label, pile.suggested, [film.rank for film in pile.films]) for pile in piles(SUSPECTS, CACHE)]
    assert found == [("adult_chest", "pediatric_chest", [2, 3]), ("spine", "abdomen", [1])]


def test_each_film_shows_its_own_pixels() -> None:
    for pile in piles(SUSPECTS, CACHE):
        for film in pile.films:
            assert np.array_equal(film.pixels, CACHE.pixels[int(Path(film.path).stem)])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (0, ("CHEST", "3 years", "PA")),
        (1, ("<SPINE>", "70 years", "LATERAL")),
        (2, ("no body part", "6 months")),
    ],
)
def test_the_header_stands_beside_the_film(row: int, said: tuple[str, ...]) -> None:
    assert header_facts(INDEX.iloc[row].to_dict()) == said


def test_an_unknown_age_is_said() -> None:
    assert header_facts({"BodyPartExamined": "HAND"}) == ("HAND", "age unknown")


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    assert not re.search(r"https?:|url\((?!#)|@import|<script |src=\"(?!data:)|href=\"(?!#|data:)", page_of(tmp_path))


def test_tags_match_and_text_of_a_header_is_no_markup(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert Outline(page[: page.index("<script>")] + "</body></html>").open == []
    assert "&lt;SPINE&gt;" in page and "<SPINE>" not in page


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_films_are_marked_and_real_ones_are_not(tmp_path: Path, synthetic: bool) -> None:
    assert ("Synthetic data." in page_of(tmp_path, synthetic=synthetic)) == synthetic


def test_what_the_page_does_not_show_is_said(tmp_path: Path) -> None:
    page = page_of(tmp_path, shown=2)
    assert page.count("<li data-path") == 2
    assert "3 of 3 labels are likely wrong" in page and "The 2 least credible labels are shown." in page


def test_films_that_are_shown_without_being_likely_errors_are_told_apart(tmp_path: Path) -> None:
    page = page_of(tmp_path, SUSPECTS.assign(likely_error=[True, False, False]))
    assert "1 of 3 labels is likely wrong" in page and "shown, likely wrong or not" in page
    assert page.count("less likely") == 2


def test_nothing_to_look_at_is_a_page_too(tmp_path: Path) -> None:
    page = page_of(tmp_path, SUSPECTS.head(0))
    assert "0 of 0 labels are likely wrong" in page and "<script>" not in page


def test_equal_films_give_equal_bytes(tmp_path: Path) -> None:
    assert page_of(tmp_path) == page_of(tmp_path)


CLICKS = """<script>
const said = [];
const text = parts => parts.join("");
window.Blob = function (parts) { said.push(text(parts)); };
URL.createObjectURL = () => "#";
URL.revokeObjectURL = () => {};
const film = path => document.querySelector(`[data-path="images/a/${path}.dcm"]`);
film(1).querySelector(".film").click();
film(0).querySelector(".film").click();
film(0).querySelector(".film").click();
const choice = film(2).querySelector("select");
choice.value = "other";
choice.dispatchEvent(new Event("change"));
said.push(document.querySelector(".save span").textContent);
document.querySelector(".save button").click();
document.title = "SAID " + JSON.stringify(said);
</script></body>"""


def test_clicks_become_a_table_of_corrections(tmp_path: Path) -> None:
    page = tmp_path / "clicked.html"
    page.write_text(page_of(tmp_path).replace("</body>", CLICKS), encoding="utf-8")
    browser = [require_program("chromium", "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*browser, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()], capture_output=True, text=True, check=True
    )
    said = html.unescape(re.search(r"<title>SAID (.*?)</title>", done.stdout)[1])  # type: ignore[index]
    assert said == ('["2 labels changed","path,label\\n\\"images/a/2.dcm\\",other\\n\\"images/a/1.dcm\\",abdomen\\n"]')
