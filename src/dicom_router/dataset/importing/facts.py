"""What a table or a header says about a person and a view, in the few words that the dataset uses."""

import re
from typing import Final

# Words for the sex in label tables and headers, in upper case; PS3.3 C.7.1.1 knows M, F and O.
SEXES: Final = {
    "M": "M", "MALE": "M", "F": "F", "FEMALE": "F", "W": "F", "O": "O", "OTHER": "O",
}  # fmt: skip

# Words for a projection or a position that are kept, with what they become; PS3.3 C.8.7.1.1.1 and common speech.
VIEWS: Final = {
    "AP": "AP", "PA": "PA", "LL": "LL", "RL": "RL", "LLD": "LLD", "RLD": "RLD", "LLO": "LLO", "RLO": "RLO",
    "LAO": "LAO", "RAO": "RAO", "LPO": "LPO", "RPO": "RPO", "LAT": "LATERAL", "LATERAL": "LATERAL",
    "FRONTAL": "FRONTAL", "OBL": "OBLIQUE", "OBLIQUE": "OBLIQUE", "AXIAL": "AXIAL", "SUPINE": "SUPINE",
    "ERECT": "ERECT", "DECUBITUS": "DECUBITUS",
}  # fmt: skip


def sex(text: str) -> str:
    """Return ``M``, ``F``, ``O`` or "" for what a table or a header says."""
    return SEXES.get(text.strip().upper(), "")


def view(text: str) -> str:
    """Return the words of ``text`` that name a view, joined by ``/``; free text beside them is left behind."""
    words = (VIEWS.get(word, "") for word in re.split(r"[^A-Z]+", text.upper()))
    return "/".join(dict.fromkeys(word for word in words if word))
