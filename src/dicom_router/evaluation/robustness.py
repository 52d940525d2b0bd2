"""What the network and its rule make of films that arrive otherwise: ``reports/robustness.json``."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.document import method
from dicom_router.evaluation.estimates import Estimate, estimate
from dicom_router.evaluation.figures import exact_accuracy, exact_share, recall_samples
from dicom_router.evaluation.perturbations import PERTURBATIONS, UNTOUCHED, Perturbation
from dicom_router.evaluation.predictions import Predictions, count_patients, patient_numbers
from dicom_router.evaluation.predictions import routed as where_routed
from dicom_router.model.answers import ReviewReason

Document = dict[str, Any]
METRICS: Final = ("accuracy", "share_reviewed", "error_among_routed", "safe")


def choose_films(index: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return the films of at most ``most`` patients of ``index``, drawn by ``seed``, in the order of their paths."""
    films = index.sort_values("path", kind="stable", ignore_index=True)
    patients = patient_numbers(films)
    drawn = np.random.default_rng(seed).permutation(count_patients(patients))[:most]
    return films[np.isin(patients, drawn)].reset_index(drop=True)


def robustness_document(
    tables: Mapping[str, pd.DataFrame], test_films: int, target: float, settings: Bootstrap
) -> Document:
    """Return the figures of each way in which the films arrived.

    Args:
        tables: by the name of the way, the same films ``with_decisions``, ``untouched`` among them.
        test_films: how many the test split has, of which these are all or some.
        target: the share of the films that are to be right or sent to review.
        settings: how intervals are computed.
    """
    as_exported = tables[UNTOUCHED.name]
    ways = {way.name: _way(way, tables[way.name], as_exported, target, settings) for way in (UNTOUCHED, *PERTURBATIONS)}
    return {
        "n": len(as_exported),
        "patients": count_patients(patient_numbers(as_exported)),
        "test_films": test_films,
        "target": target,
        "missed": [way.name for way in PERTURBATIONS if ways[way.name]["held"] is False],
        "worst": _worst(ways),
        "ways": ways,
        "method": method(settings),
    }


def shown_film(tables: Mapping[str, pd.DataFrame], worst: str | None) -> Document | None:
    """Return path and label of one film, and what was made of it in each way; None without a film.

    It is the surest film that the ``worst`` perturbation makes unsafe, or of all where that makes none.
    """
    as_exported = tables[UNTOUCHED.name]
    if worst is None:
        return None
    broken = ~tables[worst]["correct"].to_numpy(bool) & where_routed(tables[worst])
    broken &= as_exported["correct"].to_numpy(bool)
    candidates = np.flatnonzero(broken if broken.any() else np.ones_like(broken))
    place = int(candidates[as_exported["certainty"].to_numpy(np.float64)[candidates].argmax()])
    film = as_exported.iloc[place]
    outcomes = {name: table.iloc[place] for name, table in tables.items()}
    return {
        "path": str(film["path"]),
        "label": str(film["label"]),
        "unsafe_in": worst if broken.any() else None,
        "ways": {
            name: {key: str(row[key]) for key in ("predicted", "decision", "reasons")} for name, row in outcomes.items()
        },
    }


def metrics(document: Document) -> dict[str, dict[str, float | None]]:
    """Return the values alone, for ``dvc metrics``."""
    return {name: {key: way[key]["value"] for key in METRICS} for name, way in document["ways"].items()}


def one_line(document: Document) -> str:
    """Return what came of it, as one line of text."""
    ways = document["ways"]
    if document["worst"] is None:
        return "robustness: no film of the test split to perturb"
    worst = ways[document["worst"]]
    missed = ", ".join(f"{name} {ways[name]['safe']['value']:.1%}" for name in document["missed"])
    return (
        f"robustness: {document['n']:,} films in {len(PERTURBATIONS)} other ways; right or sent to review"
        f" at least {worst['safe']['value']:.1%} (least: {document['worst']})"
        + (f"; under {document['target']:.0%}: {missed}" if missed else "")
        + ("" if any(way["routed"] for way in ways.values()) else "; no film is routed at all, so this shows nothing")
    )


def _way(
    way: Perturbation, table: pd.DataFrame, as_exported: pd.DataFrame, target: float, settings: Bootstrap
) -> Document:
    predictions, patients = Predictions.from_table(table), patient_numbers(table)
    routed, right = where_routed(table), predictions.correct
    outliers = table["reasons"].str.split(",").map(lambda reasons: ReviewReason.OUTLIER in reasons)
    safe = exact_share(right | ~routed, patients, settings)
    return {
        "title": way.title,
        "n": len(table),
        "routed": int(routed.sum()),
        "wrong": int((routed & ~right).sum()),
        "labels_changed": int((table["predicted"] != as_exported["predicted"]).sum()),
        "accuracy": _accuracy(predictions, way.name, settings),
        "accuracy_exact": exact_accuracy(predictions, settings),
        "share_reviewed": exact_share(~routed, patients, settings),
        "outlier_share": exact_share(outliers.to_numpy(bool), patients, settings),
        "error_among_routed": exact_share(~right[routed], patients[routed], settings),
        "safe": safe,  # right or sent to review
        "held": None if safe["value"] is None else safe["value"] >= target,
    }


def _accuracy(predictions: Predictions, name: str, settings: Bootstrap) -> Document:
    samples = recall_samples(predictions, settings, f"robustness {name}")
    figure: Estimate = estimate(samples["accuracy"], settings)
    return figure.to_dict()


def _worst(ways: Mapping[str, Document]) -> str | None:
    """Return the perturbation with the smallest share that is safe, the first one of a tie."""
    shares = {way.name: ways[way.name]["safe"]["value"] for way in PERTURBATIONS}
    known = {name: share for name, share in shares.items() if share is not None}
    return min(known, key=lambda name: known[name]) if known else None
