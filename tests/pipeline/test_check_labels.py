"""``dicom-router dataset check-labels``: wrong labels planted in the default sample, and a network that is small."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import ROOT
from PIL import Image
from sklearn.metrics import average_precision_score
from small_project import set_params

from dicom_router.cli import group
from dicom_router.dataset.table import read_labels, write_labels
from dicom_router.evaluation.exact import clopper_pearson
from dicom_router.labels import CLASSES

SHARE = 0.03  # of the labels, wrong
SIZE = 32  # pixels a side
COMMAND = ("dataset", "check-labels", "--folds", "2", "--epochs", "6", "--show", "50")


@dataclass(frozen=True)
class Run:
    """A project in which the command has run once."""

    folder: Path
    wrong: frozenset[str]  # paths
    said: str

    @property
    def table(self) -> pd.DataFrame:
        """Return the ranked list."""
        return pd.read_csv(self.folder / "reports/label_check.csv")

    @property
    def page(self) -> str:
        """Return the contact sheet."""
        return (self.folder / "reports/label_check.html").read_text(encoding="utf-8")


def check_labels(folder: Path, *arguments: str, ends: int = 0) -> str:
    """Run the command in ``folder`` and return what it says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(group, [*COMMAND, *arguments])
    assert result.exit_code == ends, result.output
    return result.output


def shrink(source: Path, folder: Path) -> None:
    """Copy the pixel cache of ``source`` at ``SIZE``."""
    pixels = np.load(source / "pixels.npy")
    small = [np.asarray(Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BOX)) for image in pixels]
    folder.mkdir(parents=True)
    np.save(folder / "pixels.npy", np.stack(small))
    shutil.copy(source / "index.parquet", folder)
    (folder / "specification.json").write_text(json.dumps({"image_size": SIZE, "fit": "letterbox"}))


def plant(data: Path) -> frozenset[str]:
    """Give ``SHARE`` of the films another label and list one more film; return the paths of the former."""
    labels, random = read_labels(data), np.random.default_rng(1)
    wrong = random.choice(len(labels), round(SHARE * len(labels)), replace=False)
    for row in wrong:
        others = [name for name in CLASSES if name != labels.loc[row, "label"]]
        labels.loc[row, "label"] = random.choice(others)
    new = labels.head(1).assign(path="images/new.dcm", batch=2)  # not in the pixel cache yet
    write_labels(data, pd.concat([labels, new], ignore_index=True))
    return frozenset(labels.loc[wrong, "path"])


@pytest.fixture(scope="module")
def run(default_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("planted")
    shrink(default_project / "artifacts/pixels", folder / "artifacts/pixels")
    (folder / "data").mkdir()
    for name in ("labels.csv", "dataset.json"):
        shutil.copyfile(default_project / "data" / name, folder / "data" / name)
    shutil.copy(ROOT / "params.yaml", folder)
    small = {"network": "test_resnet", "learning_rate": 0.005, "threads": 1, "accelerator": "cpu"}
    set_params(folder, {"train": small})
    return Run(folder, plant(folder / "data"), check_labels(folder))


def test_planted_errors_are_found_far_above_chance(run: Run) -> None:
    wrong, flagged = run.table["path"].isin(run.wrong), run.table["likely_error"]
    hits = int((wrong & flagged).sum())
    precision, _ = clopper_pearson(hits / flagged.sum(), flagged.sum(), 0.95)
    recall, _ = clopper_pearson(hits / wrong.sum(), wrong.sum(), 0.95)
    assert precision > 2 * SHARE
    assert recall > 0.6
    assert average_precision_score(wrong, -run.table["rank"]) > 6 * SHARE


def test_every_film_is_accounted_for(run: Run) -> None:
    found = re.search(r"([\d,]+) films listed = (.*)", run.said)
    assert found is not None
    parts = [int(part.split()[0].replace(",", "")) for part in found[2].split(" + ")]
    assert int(found[1].replace(",", "")) == len(read_labels(run.folder / "data")) == sum(parts)
    assert "1 not in artifacts/pixels" in found[2]
    assert parts[0] == len(run.table) == run.table["path"].nunique()
    assert run.table["rank"].tolist() == list(range(1, parts[0] + 1))


def test_it_is_said_how_far_the_networks_can_be_trusted(run: Run) -> None:
    same = re.search(r"networks called (\d+)% of these films what they are labelled", run.said)
    assert same is not None and ("too few to judge labels by" in run.said) == (int(same[1]) < 80)


def test_the_page_shows_the_first_films_and_that_they_are_synthetic(run: Run) -> None:
    shown = re.findall(r'<li data-path="(.*?)"', run.page)
    assert sorted(shown) == sorted(run.table["path"].head(50))
    assert "Synthetic data." in run.page
    assert "SYNTHETIC data" in run.said


def test_again_it_trains_nothing_and_writes_the_same(run: Run) -> None:
    before = run.table, run.page
    assert "2 of 2 trainings were finished by an earlier run" in check_labels(run.folder)
    assert before[0].equals(run.table) and before[1] == run.page


def test_corrections_come_into_the_labels(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "project")
    first = run.table.iloc[0]
    (tmp_path / "corrections.csv").write_text(f"path,label\n{first['path']},{first['suggested']}\n")
    said = check_labels(tmp_path / "project", "--apply", str(tmp_path / "corrections.csv"))
    assert "1 label(s) of data/labels.csv changed" in said and "next: dvc add data" in said
    labels = read_labels(tmp_path / "project/data").set_index("path")["label"]
    assert labels[first["path"]] == first["suggested"]
