"""The figures of a run, drawn for MLflow's pages; the report has more of them, and better ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dicom_router.evaluation.reading import read_json
from dicom_router.labels import CLASSES
from dicom_router.model.training.history import HISTORY
from dicom_router.registry.contents import COHORTS


def draw_figures(project: Path) -> Iterator[tuple[str, Figure]]:
    """Yield name and figure: training, and confusion and calibration of each cohort that has images."""
    yield "training", _training(pd.read_csv(project / "artifacts/network" / HISTORY))
    for cohort in COHORTS:
        document = read_json(project / "reports" / f"{cohort}.json")
        if document["n"]:
            yield f"{cohort}-confusion", _confusion(document, cohort)
            yield f"{cohort}-reliability", _reliability(project / "reports" / cohort / "reliability.csv", cohort)


def _training(history: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    loss, score = figure.subplots(1, 2)
    for axes, columns in ((loss, ["train_loss", "validation_loss"]), (score, ["validation_macro_f1"])):
        for column in columns:
            axes.plot(history["epoch"], history[column], marker=".", label=column.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.legend()
    return figure


def _confusion(document: dict[str, Any], cohort: str) -> Figure:
    counts = np.array(document["confusion"])
    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, f"{count:,}", ha="center", va="center")
    axes.set_xticks(range(len(CLASSES)), CLASSES, rotation=30, ha="right")
    axes.set_yticks(range(len(CLASSES)), CLASSES)
    axes.set(xlabel="called", ylabel="is", title=f"{cohort}: {document['n']:,} images")
    return figure


def _reliability(path: Path, cohort: str) -> Figure:
    bins = pd.read_csv(path).query("calibration == 'after' and n > 0")
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot(bins["confidence"], bins["accuracy"], marker="o")
    axes.set(xlabel="probability of the label", ylabel="share that is right", title=cohort, xlim=(0, 1), ylim=(0, 1))
    return figure
