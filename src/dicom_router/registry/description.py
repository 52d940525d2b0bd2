"""What the page of a version says: the gate's verdict, and the model card as far as it fits."""

import re
from pathlib import Path
from typing import Final

from dicom_router.model.folder import CARD

LONGEST: Final = 5000  # characters of a description that every database behind MLflow keeps
# The sections of the card that a description holds, the first to be left out last.
WANTED: Final = ("", "Intended use", "Figures", "Limits", "Data", "Where it is weakest")
NO_INTERVAL: Final = re.compile(r"\(no interval: [^)]*\)")  # whose reason the whole card gives
REST: Final = "The whole card is `reports/model_card.md` among the run's artifacts.\n"


def describe(project: Path, verdict: str) -> str:
    """Return the description of the model in ``project``, whose gate says ``verdict``."""
    card = (project / "artifacts" / "model" / CARD).read_text(encoding="utf-8")
    return fitted(verdict, card)


def fitted(verdict: str, card: str) -> str:
    """Return ``verdict``, the sections of ``card`` that fit, in the card's order, and where all of it is."""
    sections = _sections(NO_INTERVAL.sub("(no interval)", card))
    room = LONGEST - len(f"{verdict}\n\n{REST}")
    chosen = set()
    for name in WANTED:
        needed = len(sections.get(name, "")) + 2
        if name in sections and needed <= room:
            chosen.add(name)
            room -= needed
    return "\n\n".join([verdict, *(text for name, text in sections.items() if name in chosen), REST])


def _sections(card: str) -> dict[str, str]:
    """Return the sections by title, each with its heading; what stands before the first has the title ""."""
    first, *others = card.split("\n## ")
    return {"": first.strip(), **{text.partition("\n")[0].strip(): f"## {text.strip()}" for text in others}}
