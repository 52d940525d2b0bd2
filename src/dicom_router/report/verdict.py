"""What the page says first: a few sentences on what was found."""

from collections.abc import Mapping
from typing import Any

from dicom_router.labels import CLASSES
from dicom_router.report.wording import (
    NAMES,
    accuracy_with_interval,
    count,
    percent,
    percent_interval,
    signed,
)

Figure = Mapping[str, Any]
Document = Mapping[str, Any]


def sentences(test: Document, external: Document, synthetic: bool) -> tuple[str, ...]:
    """Return what the page says first, a few sentences."""
    return (_seen(test, synthetic), *_elsewhere(external), *_weakest(test, external))


def few(document: Document) -> str:
    """Return the groups with too few patients for an interval, as ``abdomen (13 patients), spine (1 patient)``."""
    minimum = document["method"]["minimum_patients"]
    found = [
        f"{NAMES[name].lower()} ({count(each['patients'], 'patient')})"
        for name, each in document["classes"].items()
        if 0 < each["patients"] < minimum
    ]
    return ", ".join(found)


def missing(document: Document) -> str:
    """Return the groups without a film, as ``abdomen, spine``; nothing where there is no film at all."""
    found = [NAMES[name].lower() for name, each in document["classes"].items() if not each["n"]]
    return ", ".join(found) if document["n"] else ""


def _seen(test: Document, synthetic: bool) -> str:
    if not test["n"]:
        return "There is no test film, so nothing can be said about this network."
    confidence = test["method"]["confidence"]
    films = f"{count(test['n'], 'synthetic film' if synthetic else 'film')} of {count(test['patients'], 'patient')}"
    best = accuracy_with_interval(test)
    return (
        f"Of {films} that it had never seen, the network put {percent(best['value'])} in the right group"
        f" ({percent_interval(best, confidence)})."
    )


def _elsewhere(external: Document) -> tuple[str, ...]:
    """Say what other hospitals cost, or that there are none."""
    if not external["n"]:
        return ("No external film was given: how it does in another hospital is not known.",)
    change = external["difference"]["accuracy"]
    films = f"{count(external['n'], 'film')} of other hospitals"
    if change["value"] is None:
        return (f"On {films}: {percent(external['accuracy']['value'])}.",)
    return (f"On {films}: {percent(external['accuracy']['value'])}, {_change(change)}.",)


def _change(change: Figure) -> str:
    """Return a difference in percentage points, and whether it may be chance."""
    points = f"{abs(100 * change['value']):.1f} points {'less' if change['value'] < 0 else 'more'}"
    if change["low"] is None:
        return f"{points} (no interval: {change['reason']})"
    bounds = f"{signed(100 * change['low'], 1)} to {signed(100 * change['high'], 1)}"
    doubt = ", which may be chance" if change["low"] <= 0 <= change["high"] else ""
    return f"{points} ({bounds}){doubt}"


def _weakest(test: Document, external: Document) -> tuple[str, ...]:
    """Name the group that is found least often, and the most frequent mistake, over both cohorts."""
    found = []
    for name, document in (("the test films", test), ("the external films", external)):
        recalls = {label: document["classes"][label]["recall"]["value"] for label in CLASSES}
        known = {label: value for label, value in recalls.items() if value is not None}
        mistake = most_frequent_mistake(document["confusion"])
        if not known or mistake is None:
            continue
        weakest = min(known, key=lambda label: known[label])
        true, predicted, n = mistake
        found.append(
            f"Weakest group of {name}: {NAMES[weakest].lower()}, {percent(known[weakest])} found."
            f" Most frequent mistake: {NAMES[true].lower()} read as {NAMES[predicted].lower()}, {count(n, 'film')}."
        )
    return tuple(found)


def most_frequent_mistake(confusion: list[list[int]]) -> tuple[str, str, int] | None:
    """Return true class, predicted class and number of the largest cell off the diagonal; None without a mistake."""
    cells = [
        (confusion[row][column], -row, -column)
        for row in range(len(CLASSES))
        for column in range(len(CLASSES))
        if row != column
    ]
    n, row, column = max(cells)
    return (CLASSES[-row], CLASSES[-column], n) if n else None
