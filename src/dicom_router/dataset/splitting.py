"""Which side of the split each patient is on.

Units are patients: all films of one share a side, and shares count patients, per stratum; a
patient's stratum is its rarest label. (Shares of images would let one patient with many films
fill a side of a small class, or leave it empty.) The split is sticky without any stored state,
because batches (imports) are replayed in ascending order, each decided from what came before it:

1. A patient seen in an earlier batch keeps its side, whatever arrives later.
2. A new patient with a given ``split`` is put there.
3. New patients whom near-duplicates connect, among the films of this and earlier batches, are taken as one.
   They join the side of patients placed before with whom they are connected; where those are on several
   sides, the first of ``FILL_ORDER``: nobody is moved, and ``torn`` reports it.
4. The other new patients of a stratum are taken in the order of a keyed hash, so that the order
   of rows means nothing, and each goes to the side that is furthest below its share of the
   patients that the stratum will hold. Ties go to the first of ``FILL_ORDER``.

A class of few patients fills train first, then test: of 1 to 5 patients train and test get 1+0,
2+0, 2+1, 3+1, 4+1 under the default shares. From ``ALL_SIDES_FROM`` patients on each side is
owed one, at the cost of the largest: 3 train, 1 test, 1 calibration, 1 validation of 6.

It is computed from labels.csv and near_duplicates.csv alone, whose rows do not depend on later batches: that a
film is quarantined, because a later batch contradicts it for instance, moves nobody. That it can no longer
be read moves nobody unless it links patients of one batch. Correcting a label by hand may move patients of the two
strata; fill in the column ``split`` first where that must not be.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dicom_router.dataset.near_duplicates.table import group_of
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
    """The films of one patient, or of several with near-duplicates, that came in one batch."""

    name: str
    labels: Counter[str]
    given: frozenset[str]
    members: tuple[str, ...]  # the patients
    component: int | None = None  # of those connected by near-duplicates


@dataclass(frozen=True)
class Ledger:
    """Who is where, as far as the batches have been replayed."""

    side: dict[str, str] = field(default_factory=dict)  # of a group
    stratum: dict[str, str] = field(default_factory=dict)  # of a group
    held: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # patients, by stratum
    carriers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # groups, by label

    def place(self, group: Group, side: str) -> None:
        """Put ``group`` on ``side``; it counts as one patient."""
        self.side.update(dict.fromkeys(group.members, side))
        self.held[self.stratum[group.name]][side] += 1


def assign(labels: pd.DataFrame, split: Split, links: pd.DataFrame | None = None) -> "pd.Series[str]":
    """Return the side of each row of ``labels``, one of ``SIDES``; rows whose label is unknown get "".

    ``links`` are the near-duplicates, as ``near_duplicates`` returns them; None where there are none.

    Raises:
        DataError: one batch gives two splits to one patient.
    """
    table = labels.assign(group=group_ids(labels), label=canonical_labels(labels["label"]))
    known = table[table["label"].isin(CLASSES)]
    internal = known[known["cohort"] != EXTERNAL]
    edges = _edges(known, links)
    ledger = Ledger()
    for number, batch in internal.groupby("batch", sort=True):
        _replay(ledger, _groups(batch), _components(edges[edges["batch"] <= number]), split)
    sides = known["group"].map(ledger.side).mask(known["cohort"] == EXTERNAL, EXTERNAL)
    return sides.reindex(labels.index).fillna("").astype("str").rename("split")


def _groups(batch: pd.DataFrame) -> list[Group]:
    """Gather the rows of one batch by group, in no particular order."""
    counted: defaultdict[Hashable, Counter[str]] = defaultdict(Counter)
    given: defaultdict[Hashable, set[str]] = defaultdict(set)
    for name, label, side in zip(batch["group"], batch["label"], batch["split"], strict=True):
        counted[name][label] += 1
        given[name] |= {side} - {""}
    return [Group(str(name), labels, frozenset(given[name]), (str(name),)) for name, labels in counted.items()]


def _edges(known: pd.DataFrame, links: pd.DataFrame | None) -> pd.DataFrame:
    """Return which patients share near-duplicates, and since which batch: ``one``, ``other``, ``batch``.

    External patients are among them, since two internal ones may be connected through them alone.
    """
    if links is None:
        return pd.DataFrame({"one": [], "other": [], "batch": []})
    films = known.sort_values("batch", kind="stable").drop_duplicates("path").set_index("path")
    both = links[links["path"].isin(films.index) & links["near_duplicate_of"].isin(films.index)]
    later, earlier = films.loc[both["path"]], films.loc[both["near_duplicate_of"]]
    batch = np.maximum(later["batch"].to_numpy(), earlier["batch"].to_numpy())
    edges = pd.DataFrame({"one": later["group"].to_numpy(), "other": earlier["group"].to_numpy(), "batch": batch})
    return edges[edges["one"] != edges["other"]]


def _components(edges: pd.DataFrame) -> dict[str, int]:
    """Number the patients in ``edges`` so that those who are connected share a number."""
    places, names = pd.factorize(pd.concat([edges["one"], edges["other"]]))
    graph = coo_array((np.ones(len(edges)), (places[: len(edges)], places[len(edges) :])), shape=(len(names),) * 2)
    _, numbers = connected_components(graph, directed=False)
    return dict(zip(names, numbers.tolist(), strict=True))


def _replay(ledger: Ledger, groups: list[Group], component: dict[str, int], split: Split) -> None:
    """Decide one batch."""
    for group in groups:
        for label in group.labels:
            ledger.carriers[label].add(group.name)
    new = [group for group in groups if group.name not in ledger.side]
    given = [group for group in new if group.given]
    free = _united([group for group in new if not group.given], component)
    for group in [*given, *free]:
        ledger.stratum[group.name] = min(
            group.labels, key=lambda label: (len(ledger.carriers[label]), CLASSES.index(label))
        )
    for group in given:
        ledger.place(group, _only(group))
    sides = _sides(ledger, component)
    for group in free:
        if group.component in sides:
            ledger.place(group, min(sides[group.component], key=FILL_ORDER.index))
    _fill(ledger, [group for group in free if group.component not in sides], split)


def _united(groups: list[Group], component: dict[str, int]) -> list[Group]:
    """Make one group of those in one component, called by the first of their names."""
    alone = [group for group in groups if group.name not in component]
    connected = defaultdict[int, list[Group]](list)
    for group in sorted(groups, key=lambda group: group.name):
        if group.name in component:
            connected[component[group.name]].append(group)
    return alone + [_as_one(number, members) for number, members in connected.items()]


def _as_one(component: int, groups: list[Group]) -> Group:
    members = tuple(group.name for group in groups)
    return Group(members[0], sum((group.labels for group in groups), Counter()), frozenset(), members, component)


def _sides(ledger: Ledger, component: dict[str, int]) -> dict[int | None, set[str]]:
    """Return on which sides the patients of each component stand already."""
    sides = defaultdict[int | None, set[str]](set)
    for name, number in component.items():
        if name in ledger.side:
            sides[number].add(ledger.side[name])
    return dict(sides)


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


def torn(table: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``table``, split_table's, that have a near-duplicate on another side, by group.

    ``near_duplicates`` is added, the name of the group. That happens where patients were placed before a
    film came that links them, under a given split, and between the cohorts.
    """
    table = table.assign(near_duplicates=table["path"].map(group_of(links)))
    found = table[table["near_duplicates"].notna()]
    several = found.groupby("near_duplicates")["split"].transform("nunique") > 1
    return found[several].sort_values(["near_duplicates", "path"], ignore_index=True)


def summarize(table: pd.DataFrame) -> Counts:
    """Count by side and label (or "all") the images and patients; every side and class stands there."""
    return {side: _counts(table[table["split"] == side]) for side in SIDES}


def _counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    parts = {"all": table} | {label: table[table["label"] == label] for label in CLASSES}
    return {name: {"images": len(part), "patients": part["group"].nunique()} for name, part in parts.items()}
