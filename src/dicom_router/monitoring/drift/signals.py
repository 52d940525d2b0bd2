"""What is compared of every site and night: a table, in the order in which causes are named."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """How studies are compared: which test, and the floor of the change that counts (monitoring.drift.floors)."""

    MIX = "mix"  # of which of several kinds
    SHARE = "share"  # of which some have a property
    AMOUNT = "amount"  # of a figure each
    EMBEDDING = "embedding"  # of what the network saw
    QUARANTINE = "quarantine"
    VOLUME = "volume"


class State(StrEnum):
    """What a night is, from harmless to grave; ``worst`` goes by this order."""

    GREEN = "green"
    WATCH = "watch"
    ALARM = "alarm"

    @property
    def rank(self) -> int:
        """Return 0 for the most harmless."""
        return list(State).index(self)


@dataclass(frozen=True)
class Signal:
    """One thing that is compared.

    ``tier`` is its place in the chain from the film to the answer: what comes first is named as the cause of what
    follows. ``of_answers`` says that it compares what a version of the model said. ``by_class`` compares among studies
    of the same label alone, so that another mix of classes does not show here. ``in_parts`` looks at each manufacturer.
    """

    name: str
    title: str
    kind: Kind
    tier: int
    column: str = ""
    of_answers: bool = False
    by_class: bool = False
    in_parts: bool = False
    look: str = ""  # what a person does about it


DEVICE: Final = "compare films of the last nights with older ones; ask who changed a device, its settings or the export"
ORDER: Final = "ask what the site sends now: another department, device or export rule"
ANSWERS: Final = "look at the films sent to review, and label a sample, before its answers are acted on"

SIGNALS: Final = (
    Signal("quarantine", "Films refused", Kind.QUARANTINE, 0, look="read the reasons in the log; ask what is sent now"),
    Signal("volume", "Number of studies", Kind.VOLUME, 0, look="ask whether the connection works and who sends"),
    Signal("manufacturer", "Manufacturers", Kind.MIX, 1, "Manufacturer", look=DEVICE),
    Signal("encoding", "Grey scale and file format", Kind.MIX, 2, "encoding", look=DEVICE),
    Signal("exposure", "Exposure", Kind.AMOUNT, 2, "exposure", by_class=True, in_parts=True, look=DEVICE),
    Signal("noise", "Noise", Kind.AMOUNT, 2, "noise", by_class=True, in_parts=True, look=DEVICE),
    Signal("saturation", "Saturation", Kind.AMOUNT, 2, "saturation", by_class=True, in_parts=True, look=DEVICE),
    Signal("resolution", "Resolution", Kind.AMOUNT, 2, "resolution", by_class=True, in_parts=True, look=DEVICE),
    Signal("sharpness", "Sharpness", Kind.AMOUNT, 2, "sharpness", by_class=True, in_parts=True, look=DEVICE),
    Signal("age", "Age of the patients", Kind.AMOUNT, 1, "age_years", look=ORDER),
    Signal("class_mix", "Mix of classes", Kind.MIX, 3, "label", of_answers=True, look=ORDER),
    Signal("view", "Views", Kind.MIX, 3, "view", look=ORDER),
    Signal("body_part", "BodyPartExamined", Kind.MIX, 3, "BodyPartExamined", look=ORDER),
    Signal(
        "within_class",
        "Looks, within classes",
        Kind.EMBEDDING,
        4,
        of_answers=True,
        by_class=True,
        in_parts=True,
        look=DEVICE,
    ),
    Signal("embedding", "Looks, of all films", Kind.EMBEDDING, 5, of_answers=True, look=ORDER),
    Signal("disagreement", "Pixels against header", Kind.SHARE, 5, "disagrees", of_answers=True, look=ANSWERS),
    Signal("outliers", "Unlike the training", Kind.SHARE, 5, "outlier", of_answers=True, in_parts=True, look=ANSWERS),
    Signal("review", "Sent to review", Kind.SHARE, 5, "review", of_answers=True, in_parts=True, look=ANSWERS),
    Signal("confidence", "Confidence", Kind.AMOUNT, 5, "confidence", of_answers=True, in_parts=True, look=ANSWERS),
)
BY_NAME: Final = {signal.name: signal for signal in SIGNALS}
WHOLE: Final = ""  # the part that is all of a site
AT_ONCE: Final = frozenset({Kind.QUARANTINE, Kind.VOLUME})  # may be an alarm after one night


def worst(states: "list[State] | tuple[State, ...]") -> State:
    """Return the gravest of ``states``; green of none."""
    return max(states, key=lambda state: state.rank, default=State.GREEN)
