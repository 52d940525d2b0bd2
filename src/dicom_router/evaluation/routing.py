"""What routing by the rule comes to: films routed, errors among them, outliers."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.estimates import NO_IMAGE, Estimate
from dicom_router.evaluation.exact import clopper_pearson, effective_images
from dicom_router.evaluation.figures import exact_share
from dicom_router.evaluation.predictions import Integers, Mask, count_patients, patient_numbers
from dicom_router.evaluation.predictions import routed as where_routed
from dicom_router.labels import CLASSES
from dicom_router.model.answers import Guarantee, ReviewReason
from dicom_router.model.decision import Rule, certainties

POINTS: Final = 100  # of the curve, at most
RISK: Final = ("share_routed", "error", "low", "high", "patient_error", "patient_high", "certainty")


def with_decisions(
    table: pd.DataFrame, rule: Rule, logits: NDArray[np.floating], outlier_scores: NDArray[np.floating]
) -> pd.DataFrame:
    """Return a predictions table with ``decision``, ``reasons``, ``certainty`` and ``outlier_score``.

    Args:
        table: of the films.
        rule: when one is routed.
        logits: ``(N, C)``, row by row those of ``table``.
        outlier_scores: ``(N,)``.
    """
    decisions = rule.decide(logits, outlier_scores)
    certainty = np.where(outlier_scores <= rule.outlier_limit, certainties(logits, rule.costs), 0.0)
    return table.assign(
        decision=np.array([each.action for each in decisions], dtype=object),
        reasons=np.array([",".join(each.reasons) for each in decisions], dtype=object),
        certainty=certainty.astype(np.float32),  # 0 for an outlier: no strictness routes it
        outlier_score=outlier_scores.astype(np.float32),
    )


def routing_document(table: pd.DataFrame, guarantee: Guarantee, settings: Bootstrap) -> dict[str, Any]:
    """Return the section ``routing`` of a report, from a table ``with_decisions``; intervals are exact.

    Shares of films count the films of one patient as wholly alike; shares of patients are what is certified.
    """
    patients = patient_numbers(table)
    routed, right = where_routed(table), table["correct"].to_numpy(bool)
    child_to_adult = routed & _is(table, "label", "pediatric_chest") & _is(table, "predicted", "adult_chest")
    return {
        "guarantee": {
            "statement": guarantee.statement,
            "met": guarantee.met,
            "maximum_error": guarantee.maximum_error,
            "certified_error": guarantee.certified_error,
            "confidence": guarantee.confidence,
            "sites": list(guarantee.sites),
        },
        "n": len(table),
        "routed": int(routed.sum()),
        "wrong": int((routed & ~right).sum()),
        **_shares(routed, right, patients, settings),
        "patients": _of_patients(routed, right, patients, settings),
        "reasons": {str(reason): int(_for(table, reason).sum()) for reason in ReviewReason},
        "outlier_share": exact_share(_for(table, ReviewReason.OUTLIER), patients, settings),
        "child_to_adult": int(child_to_adult.sum()),
        "classes": _by(table, "label", routed, right, patients, settings),
        "routed_as": _by(table, "predicted", routed, right, patients, settings),
    }


def risk_table(table: pd.DataFrame, settings: Bootstrap) -> pd.DataFrame:
    """Return the error among routed films over the share that is routed, from the surest film down.

    One row for each of at most ``POINTS`` shares: error of films with its exact interval, error of
    patients with its one-sided exact bound, and the certainty down to which films are routed.
    """
    certainty = table["certainty"].to_numpy(np.float64)
    order = np.argsort(-certainty, kind="stable")
    falling = certainty[order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True) & (falling > 0)) + 1 if len(table) else order
    ends = (
        ends[np.unique(np.linspace(0, max(len(ends) - 1, 0), POINTS).round().astype(np.int64))] if len(ends) else ends
    )
    patients, wrong = patient_numbers(table)[order], ~table["correct"].to_numpy(bool)[order]
    rows = [(*_risk(patients[:end], wrong[:end], len(table), settings), float(falling[end - 1])) for end in ends]
    return pd.DataFrame(rows, columns=list(RISK), dtype=np.float64)


def _risk(patients: Integers, wrong: Mask, n: int, settings: Bootstrap) -> tuple[float, ...]:
    share, n_patients = float(wrong.mean()), count_patients(patients)
    numbers = np.unique(patients, return_inverse=True)[1].astype(np.int64)
    low, high = clopper_pearson(share, effective_images(numbers), settings.confidence)
    of_patients = count_patients(patients[wrong]) / n_patients
    one_sided = clopper_pearson(of_patients, n_patients, 2 * settings.confidence - 1)[1]
    return len(wrong) / n, share, low, high, of_patients, one_sided


def _shares(routed: Mask, right: Mask, patients: Integers, settings: Bootstrap) -> dict[str, Any]:
    return {
        "share_routed": exact_share(routed, patients, settings),
        "error_among_routed": exact_share(~right[routed], patients[routed], settings),
    }


def _of_patients(routed: Mask, right: Mask, patients: Integers, settings: Bootstrap) -> dict[str, Any]:
    """Count patients with a film routed, and those of them with one routed wrongly."""
    n_routed, n_wrong = count_patients(patients[routed]), count_patients(patients[routed & ~right])
    figure = (
        Estimate(n_wrong / n_routed, *clopper_pearson(n_wrong / n_routed, n_routed, settings.confidence))
        if n_routed
        else Estimate.undefined(NO_IMAGE)
    )
    return {"n": count_patients(patients), "routed": n_routed, "wrong": n_wrong, "error": figure.to_dict()}


def _by(
    table: pd.DataFrame, column: str, routed: Mask, right: Mask, patients: Integers, settings: Bootstrap
) -> dict[str, Any]:
    """Return the figures of the films of each class, true (``label``) or read (``predicted``)."""
    found = {}
    for name in CLASSES:
        films = _is(table, column, name)
        found[name] = {
            "n": int(films.sum()),
            "routed": int((films & routed).sum()),
            "wrong": int((films & routed & ~right).sum()),
            **_shares(routed[films], right[films], patients[films], settings),
        }
    return found


def _is(table: pd.DataFrame, column: str, name: str) -> Mask:
    return np.asarray((table[column] == name).to_numpy(bool))


def _for(table: pd.DataFrame, reason: ReviewReason) -> Mask:
    return np.asarray(table["reasons"].str.split(",").map(lambda reasons: str(reason) in reasons).to_numpy(bool))
