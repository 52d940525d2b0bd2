"""A project of several sites' films in which sites can be held out: the pipeline's own import, stages and trainings."""

import contextlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from dicom_router.dataset.importing.films import Request, import_films
from dicom_router.dataset.importing.label_table import read_label_table
from dicom_router.dataset.importing.labelling import TableLabels
from dicom_router.dataset.pseudonyms import Pseudonyms
from dicom_router.dataset.table import read_labels, write_labels
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.scoring import score_split
from dicom_router.leaderboard.contest import WORK, compete
from dicom_router.leaderboard.pixels import pixels_for
from dicom_router.leaderboard.plan import params_of, plan
from dicom_router.leaderboard.running import Finished
from dicom_router.params import load_params
from dicom_router.stages import calibrate, split, validate

ROOT: Final = Path(__file__).resolve().parent.parent
PARAMS: Final = Path("params.yaml")
DATA: Final = Path("data")
ARTIFACTS: Final = Path("artifacts")
KEY: Final = "docs-results-real-films-1"  # of pseudonyms, on which the split depends; these films are public

Changes = Mapping[str, Any]  # of params.yaml, by dotted key


@dataclass(frozen=True)
class Project:
    """A folder with films of several sites, imported, validated, and split."""

    folder: Path

    @classmethod
    def of(cls, films: Path, folder: Path) -> "Project":
        """Import the sites of ``films``, one folder each, validate and split, unless an earlier call did."""
        project = cls(folder)
        if not (folder / ARTIFACTS / "splits.parquet").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            shutil.copy(ROOT / PARAMS, folder)
            with project.inside():
                for site in sorted(path.parent for path in films.glob("*/labels.csv")):
                    _bring(site.resolve())
                validate.main()
                split.main()
        return project

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Stand in the folder, as the stages do; what they print goes to standard error."""
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(sys.stderr):
            yield

    def hold_out(self, sites: Collection[str]) -> None:
        """Make ``sites`` the external cohort and all others the internal one; split anew."""
        with self.inside():
            labels = read_labels(DATA)
            cohort = np.where(labels["site"].isin(list(sites)), "external", "internal")
            write_labels(DATA, labels.assign(cohort=cohort))
            split.main()

    def train(self, network: str, recipe: str, changes: Changes, seeds: int) -> tuple[Finished, ...]:
        """Train as the leaderboard does, with ``changes`` on top of ``recipe``; what is finished is not repeated."""
        with self.inside():
            params = params_of(recipe, ROOT / PARAMS, changes, WORK / "params")
            contest = compete(plan([network], {recipe: params}, seeds), params, _tell)
        if contest.failed:
            raise RuntimeError("; ".join(reason for _, reason in contest.failed))
        return contest.finished

    def said(self, finished: tuple[Finished, ...], cohort: str) -> tuple[Predictions, ...]:
        """Return what each training said of ``cohort``, patient by patient: the same order in every project."""
        with self.inside():
            return tuple(_by_patient(run.predictions(cohort)) for run in finished)

    def decided(self, finished: Finished) -> pd.DataFrame:
        """Calibrate one training as the pipeline does, and return the external films with what is decided of each."""
        with self.inside():
            limits = load_params(ROOT / PARAMS).preprocess
            cache = pixels_for(finished.planned.spec, WORK / "pixels", limits, _tell).cache
            _link(ARTIFACTS / "pixels", Path(cache.pixels.filename).parent)  # of a memory map
            _link(ARTIFACTS / "network", finished.folder / "network")
            calibrate.main()
            return score_split(ARTIFACTS, "external", load_params().evaluate.threads).table

    def images(self) -> pd.DataFrame:
        """Return the accepted films with their facts and their side of the split."""
        images = pd.read_parquet(self.folder / ARTIFACTS / "images.parquet")
        sides = pd.read_parquet(self.folder / ARTIFACTS / "splits.parquet").set_index("path")
        return images.assign(group=images["path"].map(sides["group"]), split=images["path"].map(sides["split"]))


def _bring(site: Path) -> None:
    """Import a site; its films were looked at, so that secondary captures may come in."""
    table = site / "labels.csv"
    content = read_label_table(table)
    request = Request(
        source=site,
        labelling=TableLabels(site, content.rows, content.unusable),
        site=site.name,
        cohort="internal",
        data=DATA,
        label_table=table,
        allow_burned_in=True,
        jobs=-1,
    )
    account = import_films(request, Pseudonyms(os.environ.get("DICOM_ROUTER_PSEUDONYM_KEY", KEY)), lambda found: found)
    _tell(f"{site.name}: {account.seen - account.tables} files in = {account.imported} + {account.refused} refused")


def _link(link: Path, folder: Path) -> None:
    """Let ``link`` lead to ``folder``."""
    if link.resolve() != folder.resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(folder.resolve())


def _by_patient(predictions: Predictions) -> Predictions:
    order = np.argsort(predictions.patients, kind="stable")
    return Predictions(predictions.labels[order], predictions.probabilities[order], predictions.patients[order])


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
