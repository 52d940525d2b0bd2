"""What the gate asks, each a pure function of figures: passed or not, and the sentence that says why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dicom_router.evaluation.estimates import NO_SPREAD, Estimate
from dicom_router.figures import in_words
from dicom_router.labels import CLASSES
from dicom_router.params import Gate

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """One question of the gate and its answer."""

    name: str
    passed: bool
    line: str
    figures: Mapping[str, str]  # the numbers that it rests on, for the tags


def own_checks(test: Document, external: Document, gate: Gate) -> tuple[Check, ...]:
    """Return the checks of a version on its own."""
    return (
        *(check_recall(name, test["classes"][name], gate) for name in CLASSES),
        check_score("log_loss", test["log_loss"], gate.log_loss),
        check_score("brier", test["brier"], gate.brier),
        check_external(external, gate),
    )


def check_recall(name: str, figures: Document, gate: Gate) -> Check:
    """Ask whether a class is found often enough, by the exact lower bound, on enough patients."""
    patients, recall = figures.get("patients", 0), figures["recall_exact"]
    enough = patients >= gate.minimum_patients
    good = recall["low"] is not None and recall["low"] >= gate.recall
    why = f"recall {in_words(recall)}, its lower end must reach {gate.recall:g}"
    if not enough:
        why = f"{patients} test patients, fewer than gate.minimum_patients {gate.minimum_patients}; {why}"
    return _check(f"recall.{name}", enough and good, f"{name}: {why}", recall | {"patients": patients})


def check_score(name: str, figure: Document, most: float) -> Check:
    """Ask whether a proper score is low enough by the upper end of its interval; by its value where it has none."""
    bound = figure["value"] if figure["high"] is None else figure["high"]
    passed = bound is not None and bound <= most
    return _check(name, passed, f"{name} {in_words(figure)}, its upper end may reach {most:g}", figure)


def check_external(external: Document, gate: Gate) -> Check:
    """Ask whether other hospitals' films are read well enough: a veto, which never ranks or chooses."""
    figure = external["accuracy_exact"]
    if not external["n"]:
        line = "external: there is no external film, so how it does in another hospital is not known; no veto"
        return Check("external", True, line, {"patients": "0"})
    passed = figure["low"] is not None and figure["low"] >= gate.external_accuracy
    why = f"external accuracy {in_words(figure)}, its lower end must reach {gate.external_accuracy:g}"
    return _check("external", passed, why, figure | {"patients": external["patients"]})


def check_champion(version: str, change: Estimate, images: int, gate: Gate) -> Check:
    """Ask whether macro F1 is not inferior to that of the champion ``version``, on films that neither learnt from."""
    low = change.value if change.reason == NO_SPREAD else change.low
    passed = low is not None and low > -gate.margin
    why = (
        f"macro F1 minus that of champion {version} {_signed(change)} on {images:,} test films that neither"
        f" learnt from, its lower end must lie above {-gate.margin:g}"
    )
    return _check("champion", passed, why, change.to_dict() | {"images": images, "version": version})


def _signed(change: Estimate) -> str:
    """Return a difference in words, whose signs ``in_words`` would run together with its dashes."""
    if change.value is None or change.low is None or change.high is None:
        return in_words(change.to_dict())
    return f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})"


def not_compared(passed: bool, why: str) -> Check:
    """Return the check against a champion that could not be, or need not be, compared with."""
    return Check("champion", passed, why, {})


def _check(name: str, passed: bool, line: str, figures: Mapping[str, Any]) -> Check:
    return Check(name, passed, line, {key: str(value) for key, value in figures.items() if value is not None})
