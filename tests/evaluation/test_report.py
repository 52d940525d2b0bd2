"""reports/index.html."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from evaluation.made_up_project import EXPECTATIONS, write_project

from dicom_router.errors import DataError
from dicom_router.report.page import write_report
from dicom_router.report.sources import WORST
from dicom_router.report.wording import DASH

VOID = {"meta", "link", "img", "line", "circle", "rect", "path", "polyline", "polygon"}


class Outline(HTMLParser):
    """Collects what the tests ask for, and fails on tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.text = ""
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags[tag] += 1
        self.attributes.append((tag, dict(attrs)))
        self.ids.update(str(value) for name, value in attrs if name == "id")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag is the open one."""
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing, line {self.getpos()[0]}"

        self.text += " " if tag in ("td", "th") else ""

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        self.text += data if self.open and self.open[-1] != "style" else ""


def page_of(root: Path) -> str:
    write_report(root, root / "reports" / "index.html")
    return (root / "reports" / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    write_project(root)
    return root


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return page_of(project)


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    assert not re.search(r"https?:|url\((?!#)|@import|<script|src=\"(?!data:)|href=\"(?!#|data:)", page)


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode()) < 1_500_000


def test_tags_match_and_ids_are_unique(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    assert max(outline.ids.values()) == 1


def test_links_inside_the_page_lead_somewhere(page: str) -> None:
    outline = Outline(page)
    targets = [str(attrs["href"])[1:] for tag, attrs in outline.attributes if tag == "a"]
    assert targets and set(targets) <= set(outline.ids)


def test_drawings_have_a_title_and_images_a_text(page: str) -> None:
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert "aria-hidden" in svg or "<title" in svg
    assert all(attrs["alt"] for tag, attrs in Outline(page).attributes if tag == "img")


def test_every_heading_cell_has_a_scope(page: str) -> None:
    assert all("scope" in attrs for tag, attrs in Outline(page).attributes if tag == "th")


def test_light_and_dark_and_narrow_screens_are_styled(page: str) -> None:
    for query in ("prefers-color-scheme: dark", "max-width", "print"):
        assert f"@media ({query}" in page or f"@media {query}" in page


def test_every_expectation_stands_there_with_its_outcome(page: str) -> None:
    text = Outline(page).text
    for name, title, _, _, observed, _ in EXPECTATIONS:
        assert name in text and title in text and observed in text
    assert page.count("<span>holds</span>") == 3 and page.count("<span>broken</span>") == 1
    assert "images/odd1.dcm" in text


def test_text_from_the_data_is_escaped(page: str) -> None:
    assert "&lt;odd&gt;" in page and "<odd>" not in page


def test_the_account_of_films_adds_up(page: str) -> None:
    text = " ".join(Outline(page).text.split())
    assert "584 in = 580 accepted + 4 quarantined" in text
    assert "truncated 3 the file ends before its data does" in text


def test_headline_figures_stand_there_with_intervals(project: Path, page: str) -> None:
    text = Outline(page).text
    for name in ("test", "external"):
        document = pd.read_json(project / "reports" / f"{name}.json", typ="series")
        for figure in document["macro"].values():
            assert f"{figure['value']:.3f}" in text and f"{figure['low']:.3f}{DASH}{figure['high']:.3f}" in text
    assert "0.982" in text and f"0.977{DASH}0.988" in text  # published


def test_route_or_review_stands_there_with_its_guarantee(project: Path, page: str) -> None:
    text = " ".join(Outline(page).text.split())
    assert "Certified only at 12.0%." in text and "about 1,196 in all" in text
    for name in ("test", "external"):
        routing = pd.read_json(project / "reports" / f"{name}.json", typ="series")["routing"]
        assert f"{routing['wrong']} of {routing['routed']}" in text
        assert f'id="risk-{name}-title"' in page


def test_calibration_figures_stand_there_before_and_after(project: Path, page: str) -> None:
    text = Outline(page).text
    document = pd.read_json(project / "reports" / "test.json", typ="series")
    for figures in (document["before_calibration"], document):
        for name in ("log_loss", "brier", "ece"):
            assert f"{figures[name]['low']:.3f}{DASH}{figures[name]['high']:.3f}" in text


def test_the_worst_mistakes_are_shown(project: Path, page: str) -> None:
    table = pd.read_parquet(project / "reports" / "external_predictions.parquet")
    wrong = table[~table["correct"]].sort_values(["confidence", "path"], ascending=[False, True])
    shown, hidden = wrong["path"][:WORST], wrong["path"][WORST:]
    assert len(hidden) and all(path in page for path in shown) and not any(path in page for path in hidden)
    assert page.partition('id="mistakes"')[2].count("data:image/png;base64,") == 2 * WORST


def test_equal_inputs_give_equal_bytes(project: Path, page: str, tmp_path: Path) -> None:
    write_project(tmp_path)
    assert page_of(tmp_path) == page


@pytest.mark.parametrize("synthetic", [True, False])
def test_the_banner_stands_there_if_and_only_if_the_films_are_synthetic(synthetic: bool, tmp_path: Path) -> None:
    write_project(tmp_path, synthetic=synthetic, test=40, external=30)
    page = page_of(tmp_path)
    assert ('class="banner"' in page) == synthetic
    assert ("synthetic" in Outline(page).text.lower()) == synthetic


@pytest.mark.parametrize(("test", "external"), [(60, 0), (0, 0), (1, 1)])
def test_next_to_nothing_gives_a_page(test: int, external: int, tmp_path: Path) -> None:
    write_project(tmp_path, test=test, external=external)
    page = page_of(tmp_path)
    assert Outline(page).open == []
    assert "nan" not in Outline(page).text.lower().split()
    assert ("how it does in another hospital is not known" in page) == (external == 0)


def test_a_network_without_validation_images_still_has_its_training_loss(tmp_path: Path) -> None:
    write_project(tmp_path, test=30, external=0)
    path = tmp_path / "artifacts" / "network" / "history.csv"
    history = pd.read_csv(path)
    history[[name for name in history if str(name).startswith("validation")]] = None
    history.to_csv(path, index=False)
    page = page_of(tmp_path)
    assert "training-loss-title" in page and "training-score-title" not in page


@pytest.mark.parametrize("name", ["reports/test.json", "artifacts/validation.json", "reports/external/roc.csv"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    write_project(tmp_path, test=30, external=30)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=re.escape(Path(name).name)):
        page_of(tmp_path)
