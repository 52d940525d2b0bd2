"""What a site that training never saw costs, on real films: ``python -m benchmarks real_sites --films FOLDER``.

FOLDER holds one folder a site with images/ and labels.csv, as for examples/real_films.sh. Parts, each a table:

probe        how well facts that show no anatomy tell the class: what a network could learn instead
leaderboard  three networks by both recipes, by the command `dicom-router leaderboard`, nih and nema being external
held-out     each site of a class that another has too is left out of training, and its films are judged
ablation     what the figures of held-out chests depend on: letterbox, resolution, compression, histogram, augmentation

Sizes and epochs are reduced; the tables' headings say to what. With ``--work FOLDER`` a killed call goes on.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from ruamel.yaml import YAML

from benchmarks._equalising import AS_THEY_ARE, EQUALISED, equalise
from benchmarks._site_figures import (
    FACTS,
    called,
    in_two_decimals,
    pooled_recall,
    probed,
    recall_change,
    replaceable,
    with_aspect,
)
from benchmarks._sites import ROOT, Changes, Project
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.confusion import counts, f1, image_counts, macro
from dicom_router.evaluation.figures import exact_share
from dicom_router.evaluation.predictions import Predictions, routed
from dicom_router.labels import CLASSES
from dicom_router.params import load_params

EXTERNAL: Final = ("nih", "nema")  # of the leaderboard
CHESTS: Final = ("nih", "hannover")
NETWORKS: Final = ("mobilenetv1_100", "resnet18", "mobilenetv4_conv_small")
RECIPES: Final = ("paper", "default")
SMALL: Final[Changes] = {"preprocess.image_size": 64, "train.epochs": 10, "train.batch_size": 16}
SEEDS: Final[Mapping[str, int]] = {"leaderboard": 1, "held-out": 1, "ablation": 3}
NOTHING: Final[Changes] = {
    f"train.augmentation.{name}": 0
    for name in ("flip", "rotation", "shift", "scale", "gain", "contrast", "gamma", "quarter_turn")
}
STRONG: Final[Changes] = {
    f"train.augmentation.{name}": value
    for name, value in (
        ("rotation", 20),
        ("shift", 0.15),
        ("scale", 0.4),
        ("gain", 0.3),
        ("contrast", 0.6),
        ("gamma", 1.0),
    )
}


@dataclass(frozen=True)
class Condition:
    """What an ablation changes: the films that come in, or parameters."""

    name: str
    films: str = AS_THEY_ARE
    changes: Changes = field(default_factory=dict)


BASELINE: Final = Condition("baseline")
ABLATION: Final = (
    Condition("stretched, not letterboxed", changes={"preprocess.fit": "stretch"}),
    *(Condition(f"equalised: {films}", films) for films in EQUALISED),
    Condition("no augmentation", changes=NOTHING),
    Condition("strong augmentation", changes=STRONG),
)


@dataclass(frozen=True)
class Bench:
    """Where the films are and what is made of them."""

    films: Path
    work: Path
    changes: Changes  # on top of all else
    seeds: int | None

    @property
    def settings(self) -> Bootstrap:
        """Return how intervals are made: as everywhere."""
        return Bootstrap.from_params(load_params(ROOT / "params.yaml").evaluate)

    def project(self, films: str) -> Project:
        """Return the project of the films as they are, or equalised."""
        name = films.replace(" ", "-")
        return Project.of(self._equalised(films, self.work / "films" / name), self.work / "projects" / name)

    def _equalised(self, films: str, target: Path) -> Path:
        if films == AS_THEY_ARE:
            return self.films
        for table in sorted(self.films.glob("*/labels.csv")):
            equalise(table.parent, target / table.parent.name, EQUALISED[films])
        return target


def probe(bench: Bench) -> Iterator[str]:
    """Yield how well a logistic regression on facts tells the class: films of the same sites, and of nih."""
    yield _row("films", "facts", "right, of test films of the same sites", "right, of nih, held out")
    yield _row(*["---"] * 4)
    for films in (AS_THEY_ARE, *EQUALISED):
        project = bench.project(films)
        project.hold_out(["nih"])
        images = with_aspect(project.images())
        for name, columns in {**FACTS, "all": tuple(sum(FACTS.values(), ()))}.items():
            shares = (in_two_decimals(exact_share(*judged, bench.settings)) for judged in probed(images, columns))
            yield _row(films, name, *shares)


def leaderboard(bench: Bench) -> Iterator[str]:
    """Yield the page that the command writes."""
    project, changes = bench.project(AS_THEY_ARE), {**SMALL, **bench.changes}
    project.hold_out(EXTERNAL)
    options = ["--networks", ",".join(NETWORKS), "--recipes", ",".join(RECIPES), "--no-mlflow"]
    options += ["--seeds", str(bench.seeds or SEEDS["leaderboard"])]
    options += [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    shutil.copy(ROOT / "params.yaml", project.folder)
    program = str(Path(sys.executable).parent / "dicom-router")
    subprocess.run([program, "leaderboard", *options], cwd=project.folder, stdout=sys.stderr, check=True)
    yield f"`dicom-router leaderboard {' '.join(options)}`\n"
    yield (project.folder / "reports/leaderboard.md").read_text(encoding="utf-8")


def held_out(bench: Bench) -> Iterator[str]:
    """Yield what networks say of the films of a site that they never saw, and what is routed of them."""
    changes = {**SMALL, **bench.changes}
    yield f"`{NETWORKS[-1]}`, {_sizes(changes)}\n"
    yield _row("trained without", "class", "films, patients", "recipe", "macro F1, test films of the other sites",
               "recall, exact interval", "called instead", "to review", "routed wrongly")  # fmt: skip
    yield _row(*["---"] * 9)
    project = bench.project(AS_THEY_ARE)
    for site in replaceable(project.images()):
        project.hold_out([site])
        for recipe in RECIPES:
            yield _held_out_row(bench, project, site, recipe, changes)


def ablation(bench: Bench) -> Iterator[str]:
    """Yield what each change does to the recall of chests that training never saw, beside the baseline."""
    seeds = bench.seeds or SEEDS["ablation"]
    changed = _sizes({**SMALL, **bench.changes})
    yield f"`{_network()}`, params.yaml as committed but for {changed}; seeds: {seeds}\n"
    yield _row("changed", *(f"{site}: {what}" for site in CHESTS for what in ("recall", "of the seeds", "change")))
    yield _row(*["---"] * (1 + 3 * len(CHESTS)))
    before: dict[str, tuple[Predictions, ...]] = {}
    for condition in (BASELINE, *ABLATION):
        cells = []
        for site in CHESTS:
            said = _trained(bench, condition, site, seeds)
            before.setdefault(site, said)
            change = "" if condition == BASELINE else in_two_decimals(recall_change(said, before[site], bench.settings))
            cells += [in_two_decimals(pooled_recall(said, bench.settings)), _of_seeds(said), change]
        yield _row(condition.name, *cells)


PARTS: Final[Mapping[str, Callable[[Bench], Iterator[str]]]] = {
    "probe": probe,
    "ablation": ablation,
    "held-out": held_out,
    "leaderboard": leaderboard,
}


def _trained(bench: Bench, condition: Condition, site: str, seeds: int) -> tuple[Predictions, ...]:
    project = bench.project(condition.films)
    project.hold_out([site])
    finished = project.train(_network(), "params", {**SMALL, **condition.changes, **bench.changes}, seeds)
    return project.said(finished, "external")


def _network() -> str:
    return load_params(ROOT / "params.yaml").train.network


def _held_out_row(bench: Bench, project: Project, site: str, recipe: str, changes: Changes) -> str:
    finished = project.train(NETWORKS[-1], recipe, changes, bench.seeds or SEEDS["held-out"])
    said = project.said(finished, "external")
    table = project.decided(finished[0])
    goes, right = routed(table), table["correct"].to_numpy(bool)
    return _row(
        site, CLASSES[said[0].labels[0]], f"{len(table)}, {said[0].n_patients}", recipe,
        f"{np.mean([_f1(each) for each in project.said(finished, 'test')]):.2f}",
        in_two_decimals(pooled_recall(said, bench.settings)), called(said),
        f"{(~goes).sum()} of {len(table)}", str((goes & ~right).sum()),
    )  # fmt: skip


def _f1(predictions: Predictions) -> float:
    return float(macro(f1(counts(image_counts(predictions).sum(axis=0)))))


def _of_seeds(said: Sequence[Predictions]) -> str:
    return ", ".join(f"{each.correct.mean():.2f}" for each in said)


def _sizes(changes: Changes) -> str:
    return ", ".join(f"{key}={value}" for key, value in changes.items()) or "nothing changed"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--films", type=Path, help="without it, nothing is measured")
    parser.add_argument("--work", type=Path, help="where trainings are kept; else in a temporary folder")
    parser.add_argument("--seeds", type=int, help=f"trainings of each; else {dict(SEEDS)}")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="of params.yaml, on top of all")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; accepted: {', '.join(PARTS)}")
    if options.films is None:
        print("left out: it needs real films of several sites; name their folder with --films")
        return
    changes = {key: YAML(typ="safe").load(value) for key, _, value in (each.partition("=") for each in options.set)}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        bench = Bench(options.films.resolve(), (options.work or Path(scratch)).resolve(), changes, options.seeds)
        for part in options.parts or PARTS:
            print(f"\n### {part}\n", flush=True)
            for line in PARTS[part](bench):
                print(line, flush=True)


if __name__ == "__main__":
    main()
