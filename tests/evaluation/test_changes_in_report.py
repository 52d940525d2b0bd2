"""The section of reports/index.html on what changed since an earlier version of the dataset."""

import hashlib
import json
from pathlib import Path

import pytest
from dataset.tiny import labels_of, row
from evaluation.made_up_project import write_project
from evaluation.test_report import Outline, page_of

from dicom_router.dataset.changes import compare
from dicom_router.dataset.table import write_labels
from dicom_router.dataset.versions import Version
from dicom_router.errors import DataError

NOW = labels_of([row(1, "spine"), row(2, "abdomen", site="<south>"), row(3, "other")])
EARLIER = labels_of([row(0, "other"), row(1, "other"), row(3, "other")])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a made-up project whose dataset came from an earlier one."""
    write_project(tmp_path, test=30, external=30)
    write_labels(tmp_path / "data", NOW)
    sha256 = hashlib.sha256((tmp_path / "data/labels.csv").read_bytes()).hexdigest()
    changes = compare(Version("v1", "0123456789abcdef", EARLIER, "0"), Version("data/labels.csv", "", NOW, sha256))
    (tmp_path / "dataset_changes.json").write_text(json.dumps(changes))
    return tmp_path


def section(page: str) -> str:
    """Return the text of the section on changes, in one line."""
    part = page[page.index('<section id="changes">') :]
    return " ".join(Outline(part[: part.index("</section>") + 10]).text.split())


def test_a_recorded_comparison_is_shown_by_group_and_site(project: Path) -> None:
    shown = section(page_of(project))
    assert "From v1 (0123456789), 3 films of 3 patients, to the present one, 3 films of 3 patients" in shown
    assert "1 added 1 removed 1 relabelled 1 unchanged" in shown
    assert "Spine 0 0 0 1 0 1 0 1 0 1" in shown
    assert "<south> 0 1 0 0 0 1 0 1 0 1" in shown
    assert shown.endswith("Other Spine 1")


def test_a_comparison_that_ends_at_another_version_is_not_shown(project: Path) -> None:
    write_labels(project / "data", EARLIER)
    shown = section(page_of(project))
    assert "ends at another version" in shown and "v1" not in shown


@pytest.mark.parametrize("text", [None, "{}"])
def test_without_a_comparison_the_section_says_how_to_make_one(project: Path, text: str | None) -> None:
    (project / "dataset_changes.json").unlink()
    if text is not None:
        (project / "dataset_changes.json").write_text(text)
    assert "dicom-router dataset diff REV --write" in section(page_of(project))


def test_a_damaged_record_is_named(project: Path) -> None:
    (project / "dataset_changes.json").write_text('{"before": 1}')
    with pytest.raises(DataError, match=r"dataset_changes\.json is damaged"):
        page_of(project)
