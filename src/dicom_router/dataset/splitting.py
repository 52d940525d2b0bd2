"""Which side of the split each patient is on.

Units are patients: all films of one share a side, and shares count patients, per stratum; a
patient's stratum is its rarest label. (Shares of images would let one patient with many films
fill a side of a small class, or leave it empty.) The split is sticky without any stored state,
because batches (imports) are replayed in ascending order, each decided from what came before it:

1. A patient seen in an earlier batch keeps its side, whatever arrives later.
2. A new patient with a given ``split`` is put there.
3. The other new patients of a stratum are taken in the order of a keyed hash, so that the order
   of rows means nothing, and each goes to the side that is furthest below its share of the
   patients that the stratum will hold. Ties go to the first of ``FILL_ORDER``.

A class of few patients fills train first, then test: of 1 to 5 patients train and test get 1+0,
2+0, 2+1, 3+1, 4+1 under the default shares. From ``ALL_SIDES_FROM`` patients on each side is
owed one, at the cost of the largest: 3 train, 1 test, 1 calibration, 1 validation of 6.

It is computed from labels.csv alone: whether a file can be read, or is quarantined because a
later batch contradicts it, moves nobody. Correcting a label by hand may move patients of the two
strata; fill in the column ``split`` first where that must not be.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from dicom_router.dataset.rows import canonical_labels, group_ids
from dicom_router.dataset.table import SPLITS
from dicom_router.errors import DataError
from dicom_router.labels import CLASSES
from dicom_router.params import Split

FILL_ORDER: Final = ("train", "test", "calibration", "validation")
EXTERNAL: Final = "external"
SIDES: Final = (*SPLITS, EXTERNAL)
COLUMNS: Final = ("path", "label", "patient_id", "study_id", "site", "cohort", "group", "split")
ALL_SIDES_FROM: Final = 6  # patients of a stratum; with fewer, train would keep less than half

Counts = dict[str, dict[str, dict[str, int]]]  # side, label or "all", "images" or "patients"


@dataclass(frozen=True)
class Group:
    """The films of one patient that came in one batch."""

    name: str
    labels: Counter[str]
    given: frozenset[str]


@dataclass(frozen=True)
class Ledger:
    """Who is where, as far as the batches have been replayed."""

    side: dict[str, str] = field(default_factory=dict)  # of a group
    stratum: dict[str, str] = field(default_factory=dict)  # of a group
    held: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # patients, by stratum
    carriers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # groups, by label

    def place(self, group: Group, side: str) -> None:
        """Put ``group`` on ``side``."""
        self.side[group.name] = side
        self.held[self.stratum[group.name]][side] += 1


def assign(labels: pd.DataFrame, split: Split) -> "pd.Series[str]":
    """Return the side of each row of ``labels``, one of ``SIDES``; rows whose label is unknown get "".

    Raises:
        DataError: one batch gives two splits to one patient.
    """
    table = labels.assign(group=group_ids(labels), label=canonical_labels(labels["label"]))
    known = table[table["label"].isin(CLASSES)]
    ledger = Ledger()
    for _, batch in known[known["cohort"] != EXTERNAL].groupby("batch", sort=True):
        _replay(ledger, _groups(batch), split)
    sides = known["group"].map(ledger.side).mask(known["cohort"] == EXTERNAL, EXTERNAL)
    return sides.reindex(labels.index).fillna("").astype("str").rename("split")


def _groups(batch: pd.DataFrame) -> list[Group]:
    """Gather the rows of one batch by group, in no particular order."""
    counted: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
    given: defaultdict[Hashable, set[str]] = defaultdict(set)
    for name, label, side in zip(batch["group"], batch["label"], batch["split"], strict=True):
        counted[name][label] += 1
        given[name] |= {side} - {""}
    return [Group(str(name), labels, frozenset(given[name])) for name, labels in counted.items()]


def _replay(ledger: Ledger, groups: list[Group], split: Split) -> None:
    """Decide one batch."""
    for group in groups:
        for label in group.labels:
            ledger.carriers[label].add(group.name)
    new = [group for group in groups if group.name not in ledger.side]
    for group in new:
        ledger.stratum[group.name] = min(
            group.labels, key=lambda label: (len(ledger.carriers[label]), CLASSES.index(label))
        )
        if group.given:
            ledger.place(group, _only(group))
    _fill(ledger, [group for group in new if not group.given], split)


def _only(group: Group) -> str:
    """Return the one split that ``group`` is given."""
    if len(group.given) > 1:
        raise DataError(
            f"labels.csv puts the films of one patient ({group.name}) on {' and '.join(sorted(group.given))}; "
            "the column split must be the same for all films of a patient"
        )
    return next(iter(group.given))


def _fill(ledger: Ledger, groups: list[Group], split: Split) -> None:
    """Place new groups, stratum by stratum, each where most is missing."""
    by_stratum: defaultdict[str, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda group: _draw(split.seed, group.name)):
        by_stratum[ledger.stratum[group.name]].append(group)
    for stratum, members in by_stratum.items():
        held = ledger.held[stratum]
        wanted = _wanted(split, held.total() + len(members))
        for group in members:
            # Rounded, so that a tie is a tie; max keeps the first of equals.
            ledger.place(group, max(FILL_ORDER, key=lambda side: round(wanted[side] - held[side], 9)))


def _wanted(split: Split, patients: int) -> dict[str, float]:
    """Return how many of a stratum's ``patients`` each side should hold; they sum to ``patients``."""
    least = 1.0 if patients >= ALL_SIDES_FROM else 0.0
    wanted = {side: max(getattr(split, side) * patients, least) for side in FILL_ORDER}
    wanted[max(FILL_ORDER, key=lambda side: wanted[side])] -= sum(wanted.values()) - patients
    return wanted


def _draw(seed: int, group: str) -> bytes:
    """Return the position of ``group`` in the draw: a hash keyed by the seed."""
    return hashlib.blake2b(group.encode(), key=seed.to_bytes(8, "big"), digest_size=16).digest()


def split_table(images: pd.DataFrame, labels: pd.DataFrame, sides: "pd.Series[str]") -> pd.DataFrame:
    """Return splits.parquet: the accepted ``images`` with their group and side, sorted by path.

    Raises:
        DataError: an image has no row in ``labels``, or two images show the same pixels.
    """
    if images["pixel_sha256"].duplicated().any():
        raise DataError(
            "images.parquet holds two images with the same pixels, which may fall on two sides; run validate"
        )
    first = labels.assign(split=sides).sort_values("batch", kind="stable").drop_duplicates("path")
    side = images["path"].map(first.set_index("path")["split"])
    if side.isna().any():
        raise DataError("images.parquet names images that labels.csv does not; run validate")
    table = images.assign(group=group_ids(images), split=side)
    return table[list(COLUMNS)].sort_values("path", ignore_index=True)


def overruled(labels: pd.DataFrame, sides: "pd.Series[str]") -> pd.DataFrame:
    """Return the internal rows whose given split came too late: their patient was on another side already."""
    given = (labels["split"] != "") & (labels["cohort"] != EXTERNAL) & (sides != "")
    return labels[given & (labels["split"] != sides)]


def summarize(table: pd.DataFrame) -> Counts:
    """Count by side and label (or "all") the images and patients; every side and class stands there."""
    return {side: _counts(table[table["split"] == side]) for side in SIDES}


def _counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    parts = {"all": table} | {label: table[table["label"] == label] for label in CLASSES}
    return {name: {"images": len(part), "patients": part["group"].nunique()} for name, part in parts.items()}
