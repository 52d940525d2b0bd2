"""Find near-duplicates among all films.

Two films are near-duplicates if two measures of their ``appearance`` agree:

1. Their perceptual hashes differ in few bits. The hash is pHash's idea (Zauner, *Implementation and
   benchmarking of perceptual image hash functions*, 2010): the signs of the lowest 16 x 16 coefficients of
   a discrete cosine transform, the constant one left out. A negative has the complement.
2. Their values correlate, positively or, for a negative, negatively, once one is shifted and stretched a little, as a
   crop would do. That costs more, and is computed for the few pairs that the hash leaves.

Whether a pair agrees depends on these two films alone, so that data which come later change nothing about it.
Every pair is looked at, by a matrix product over the bits; memory does not grow with the pairs. What is kept is a
spanning forest: films are taken in the order in which they came, and each remembers an earlier film only
if that one was not yet connected to it. The groups at any time are those of the films that were there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.fft import dctn

from dicom_router.dataset.near_duplicates.alignment import aligned_correlations, correlations, standardised
from dicom_router.dataset.near_duplicates.appearance import SIDE
from dicom_router.dataset.near_duplicates.table import COLUMNS
from dicom_router.labels import CLASSES

COEFFICIENTS: Final = 16  # along each axis
BITS: Final = COEFFICIENTS**2 - 1  # of a hash that say something
PAIRS: Final = 1 << 22  # whose hashes are compared at once
CONFIRMED: Final = 1 << 11  # pairs that are correlated at once
ALIGNED: Final = 1 << 7  # pairs that are aligned at once
WORTH_ALIGNING: Final = 0.4  # the least correlation in place; crops of 6% and borders of 3% have more

Appearances = NDArray[np.int8]  # (N, SIDE, SIDE)
Hashes = NDArray[np.float32]  # (N, BITS)
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Likeness:
    """From where on two films are near-duplicates: at most so many bits apart, at least so correlated."""

    distance: int
    correlation: float


@dataclass(frozen=True)
class Link:
    """A film, by its place, and an earlier one that it repeats; the correlation of a negative is below 0."""

    later: int
    earlier: int
    correlation: float


def near_duplicates(facts: pd.DataFrame, likeness: Likeness) -> pd.DataFrame:
    """Return near_duplicates.csv: ``table.COLUMNS``, a row per link, sorted by group and path.

    Films of one pixel hash count once, as
    the first of them, and quarantined films count too: a link must not vanish, and move patients,
    because of a film that comes later.
    """
    films = facts[facts["appearance"].notna() & facts["label"].isin(CLASSES)]
    films = films.sort_values(["batch", "path"], kind="stable").drop_duplicates("pixel_sha256")
    appearances = np.frombuffer(b"".join(films["appearance"]), np.int8).reshape(-1, SIDE, SIDE)
    links = find_links(appearances, likeness)
    return _table(links, _groups(links, len(films)), films["path"].tolist())


def _table(links: list[Link], groups: Places, paths: list[str]) -> pd.DataFrame:
    rows = [
        (paths[groups[link.later]], paths[link.later], paths[link.earlier], abs(link.correlation), link.correlation < 0)
        for link in links
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"correlation": "float64", "inverted": "bool"})
    return table.round({"correlation": 3}).sort_values(["group", "path", "near_duplicate_of"], ignore_index=True)


def _groups(links: list[Link], count: int) -> Places:
    """Return the first film of the group of each of ``count`` films."""
    groups = np.arange(count)
    for link in links:
        _join(groups, link)
    return groups


def _join(groups: Places, link: Link) -> bool:
    """Give the two groups of ``link`` the name of the earlier one; say whether they were two."""
    low, high = sorted((groups[link.earlier], groups[link.later]))
    if low == high:  # most pairs of a large group: looking through all films for each would take long
        return False
    groups[groups == high] = low
    return True


def find_links(appearances: Appearances, likeness: Likeness) -> list[Link]:
    """Return the links between near-duplicates that hold their groups together, at most one fewer than films."""
    groups, links = np.arange(len(appearances)), list[Link]()
    for later, earlier in candidates(perceptual_hashes(appearances), likeness.distance):
        apart = groups[later] != groups[earlier]
        for link in _confirmed(appearances, later[apart], earlier[apart], likeness.correlation):
            if _join(groups, link):
                links.append(link)
    return links


def _confirmed(appearances: Appearances, later: Places, earlier: Places, least: float) -> Iterator[Link]:
    """Yield the pairs that correlate enough, in their order."""
    found = likenesses(appearances[later], appearances[earlier])
    for place in np.flatnonzero(np.abs(found) >= least):
        yield Link(int(later[place]), int(earlier[place]), float(found[place]))


def likenesses(some: Appearances, others: Appearances) -> NDArray[np.float32]:
    """Return the correlation of each of ``some`` with its counterpart, aligned where that is worth it."""
    one, other = standardised(some), standardised(others)
    found = correlations(one, other)
    near = np.flatnonzero(np.abs(found) >= WORTH_ALIGNING)
    for start in range(0, len(near), ALIGNED):
        places = near[start : start + ALIGNED]
        found[places] = aligned_correlations(one[places], other[places])
    return found


def perceptual_hashes(appearances: Appearances) -> Hashes:
    """Return the hashes, `(N, BITS)`: -1 or 1 for each bit."""
    hashes = [_hashes(appearances[start : start + CONFIRMED]) for start in range(0, len(appearances), CONFIRMED)]
    return np.concatenate([np.empty((0, BITS), np.float32), *hashes])


def _hashes(appearances: Appearances) -> Hashes:
    """Return the hashes of a few films."""
    waves = dctn(appearances.astype(np.float32), axes=(1, 2))[:, :COEFFICIENTS, :COEFFICIENTS]
    return np.where(waves.reshape(len(waves), -1)[:, 1:] > 0, np.float32(1), np.float32(-1))


def candidates(hashes: Hashes, distance: int) -> Iterator[tuple[Places, Places]]:
    """Yield the later and the earlier films of all pairs at most ``distance`` bits apart, or from the complement.

    In the order of the later film and then the earlier one, at most ``CONFIRMED`` pairs at once.
    """
    start, count = 0, len(hashes)
    while start < count:
        stop = min(start + _rows(start), count)
        later, earlier = np.nonzero(distances(hashes[start:stop], hashes[:stop]) <= distance)
        before = earlier < later + start
        later, earlier = later[before] + start, earlier[before]
        for first in range(0, len(later), CONFIRMED):
            yield later[first : first + CONFIRMED], earlier[first : first + CONFIRMED]
        start = stop


def _rows(start: int) -> int:
    """Return how many films from ``start`` on can be compared with themselves and all before in ``PAIRS`` pairs."""
    return max(1, (math.isqrt(start**2 + 4 * PAIRS) - start) // 2)


def distances(some: Hashes, others: Hashes) -> NDArray[np.float32]:
    """Count the bits in which each of ``some`` differs from each of ``others`` or its complement, whichever is nearer.

    A product of -1 and 1 counts bits exactly, and faster than XOR and counting the bits of words.
    """
    agreement = some @ others.T
    return np.asarray((BITS - np.abs(agreement, out=agreement)) / 2, np.float32)
