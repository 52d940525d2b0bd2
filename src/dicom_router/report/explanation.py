"""One film explained, as a page or a picture that needs nothing else; the file's name is on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicom_router import __version__
from dicom_router.claims import ANOTHER_WORD, age_in_words
from dicom_router.labels import CLASSES
from dicom_router.model.answers import ReviewReason
from dicom_router.model.explaining import Explanation
from dicom_router.model.saliency import Saliency
from dicom_router.report.page import environment
from dicom_router.report.wording import NAMES, number, percent
from dicom_router.storage import write_atomically

SHOWN: Final = 448  # pixels a side, at least
FOR, AGAINST = np.array([(255, 140, 30), (70, 150, 255)], np.float32)  # colours
STRONGEST: Final = 0.75  # of a colour, over the film
LEAST: Final = 0.001  # probability that is told
REASONS: Final = {
    ReviewReason.UNSURE: "unsure: by the costs and the threshold in use, a mistake would cost more than a look",
    ReviewReason.OUTLIER: "outlier: unlike every film of the training",
}
DISAGREES: Final = {
    True: "The header disagrees with the pixels.",
    False: "The header agrees with the pixels.",
    None: "The header says nothing that could be compared with the pixels.",
}
BODY_PART: Final = {"": "absent", ANOTHER_WORD: "a word that names no body part known here"}


@dataclass(frozen=True)
class Bar:
    """The probability of a class."""

    name: str
    share: float
    text: str
    chosen: bool


def write_page(out: Path, explanation: Explanation, warnings: Sequence[str] = ()) -> None:
    """Write the page to ``out``; ``warnings`` are what it must say in red of the model."""
    page = environment().get_template("explanation.html.jinja").render(content(explanation), warnings=warnings)
    write_atomically(out, page.encode("utf-8"))


def write_picture(out: Path, explanation: Explanation, warnings: Sequence[str] = ()) -> None:
    """Write the picture to ``out``: the same, on one sheet."""
    from dicom_router.report.explanation_picture import draw  # Matplotlib takes seconds

    write_atomically(out, draw(content(explanation), warnings))


def lines(explanation: Explanation) -> tuple[str, ...]:
    """Return label, decision and header in words; a terminal must be shown the file's name ``printable``."""
    result = explanation.result
    return (
        f"{explanation.name}: {result.label} ({probability(max(result.probabilities or (0.0,)))})",
        decision_in_words(explanation),
        DISAGREES[result.disagrees],
    )


def content(explanation: Explanation) -> dict[str, object]:
    """Return what the page shows."""
    result, saliency = explanation.result, explanation.saliency
    film, overlay = pictures(explanation)
    return {
        "result": result,
        "name": explanation.name,
        "version": __version__,
        "label": NAMES[str(result.label)],
        "bars": bars(explanation),
        "reasons": reasons(explanation),
        "decision": decision_in_words(explanation),
        "header": header_lines(explanation),
        "agrees": DISAGREES[result.disagrees],
        "film": film,
        "overlay": overlay,
        "score": number(result.outlier_score, 1),
        "limit": number(explanation.outlier_limit, 1),
        "saliency": saliency,
        "size": len(explanation.pixels),
    }


def bars(explanation: Explanation) -> tuple[Bar, ...]:
    """Return the probabilities in the order of the classes."""
    result = explanation.result
    pairs = zip(CLASSES, result.probabilities or (), strict=True)
    return tuple(Bar(NAMES[name], round(share, 4), probability(share), name == result.label) for name, share in pairs)


def probability(share: float) -> str:
    """Return ``98.2%``; what rounding would take for none or all is told from both."""
    if LEAST <= share <= 1 - LEAST:
        return percent(share)
    return f"under {LEAST:.1%}" if share < LEAST else f"over {1 - LEAST:.1%}"


def reasons(explanation: Explanation) -> tuple[str, ...]:
    """Return why a person must look, in words; nothing where the film is routed."""
    decision = explanation.result.decision
    return () if decision is None else tuple(REASONS[reason] for reason in decision.reasons)


def decision_in_words(explanation: Explanation) -> str:
    """Return ``route``, or ``review`` with the reasons."""
    decision = explanation.result.decision
    return "" if decision is None else "; ".join((decision.action, *reasons(explanation)))


def header_lines(explanation: Explanation) -> tuple[tuple[str, str], ...]:
    """Return what the header claims, and the classes that this allows."""
    claim = explanation.result.claim
    if claim is None:
        return ()
    allowed = ", ".join(NAMES[name].lower() for name in claim.allows) or "any: nothing is said"
    return (
        ("BodyPartExamined", BODY_PART.get(claim.BodyPartExamined, claim.BodyPartExamined)),
        ("PatientAge", "absent" if claim.age_years is None else age_in_words(claim.age_years)),
        ("Groups that these allow", allowed),
        ("Group that the pixels show", NAMES[str(explanation.result.label)].lower()),
    )


def pictures(explanation: Explanation) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the film ``(H, H)`` and the film under its saliency ``(H, H, 3)``, enlarged to be looked at."""
    side = max(SHOWN, len(explanation.pixels))
    film = _enlarged(explanation.pixels.astype(np.float32), side)
    return np.rint(film).astype(np.uint8), _coloured(film, explanation.saliency, side)


def _coloured(film: NDArray[np.float32], saliency: Saliency, side: int) -> NDArray[np.uint8]:
    """Lay what speaks for the label (orange) and against it (blue) over the film, the stronger the more opaque."""
    strength = _enlarged(saliency.values / max(saliency.largest, 1e-9), side)[..., np.newaxis].clip(-1, 1)
    colour = np.where(strength > 0, FOR, AGAINST)
    opacity = STRONGEST * np.abs(strength)
    blended = (1 - opacity) * film[..., np.newaxis] + opacity * colour
    return np.asarray(np.rint(blended).astype(np.uint8))


def _enlarged(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    image = Image.fromarray(values.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32)
