"""One signal of one site and night: compared with the reference, and said in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import binom

from dicom_router.monitoring.drift import comparing
from dicom_router.monitoring.drift.comparing import Difference
from dicom_router.monitoring.drift.references import Side, Vectors
from dicom_router.monitoring.drift.signals import WHOLE, Kind, Signal, State
from dicom_router.monitoring.drift.volume import Expected
from dicom_router.params import Drift
from dicom_router.report.drift import figure

BAND: Final = 0.98  # of nights without any change that stay within the band of a drawing


@dataclass(frozen=True)
class Finding:
    """What a signal says of a site's night; ``n`` is 0 where there were too few studies to say anything."""

    signal: Signal
    part: str = WHOLE
    span: int = 1  # nights that were put together
    n: int = 0
    usual_n: int = 0
    value: float | None = None  # what is drawn: a share, a median, a count, or the effect
    usual: float | None = None  # of the reference
    low: float | None = None  # between which values nights without any change keep
    high: float | None = None
    p: float | None = None
    effect: float | None = None
    words: str = ""
    adjusted: float | None = None  # p, for the number of signals
    flagged: bool = False
    state: State = State.GREEN

    @property
    def title(self) -> str:
        """Return the signal's name, and whose films it is about."""
        title = f"{self.signal.title}, {self.part}" if self.part else self.signal.title
        return title if self.span == 1 else f"{title}, {self.span} nights"


@dataclass(frozen=True)
class Pair:
    """The usual studies and those of now, with answers, of one part; ``least`` many are compared."""

    usual: Side
    now: Side
    settings: Drift
    span: int = 1  # nights of ``now``

    def compare(self, signal: Signal, part: str = WHOLE) -> Finding:
        """Return what ``signal`` says; not yet judged."""
        return replace(self._compare(signal, part), span=self.span)

    def _compare(self, signal: Signal, part: str) -> Finding:
        if signal.kind is Kind.EMBEDDING:
            return self._embeddings(signal, part)
        usual, now = self._values(signal)
        if min(len(usual), len(now)) < self.settings.minimum_studies:
            return Finding(signal, part)
        return MEASURES[signal.kind](signal, part, usual, now, self.settings)

    def _values(self, signal: Signal) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the studies of both sides for which the signal's column is known."""
        if signal.kind is Kind.QUARANTINE:
            return self.usual.studies, self.now.studies
        usual, now = self.usual.answered, self.now.answered
        return usual[usual[signal.column].notna()], now[now[signal.column].notna()]

    def _embeddings(self, signal: Signal, part: str) -> Finding:
        usual, now = (self._drawn(side.answered) for side in (self.usual, self.now))
        if signal.by_class:
            both = _labels_of_both(usual, now, self.settings)
            usual, now = usual[usual["label"].isin(both)], now[now["label"].isin(both)]
        seen, looked = self.usual.look(usual), self.now.look(now)
        usual, seen = _known(usual, seen)
        now, looked = _known(now, looked)
        if min(len(usual), len(now)) < self.settings.minimum_studies or seen.shape[1] != looked.shape[1]:
            return Finding(signal, part)
        strata = (usual["label"].to_numpy(str), now["label"].to_numpy(str)) if signal.by_class else None
        found = comparing.compare_embeddings(seen, looked, strata, self.settings.permutations, self.settings.seed)
        words = f"energy coefficient {found.effect:.3f}, where 0 is alike"
        return _finding(signal, part, len(usual), len(now), found, words, found.effect, 0.0, found.chance)

    def _drawn(self, studies: pd.DataFrame) -> pd.DataFrame:
        """Return as many studies as are compared, drawn by the seed."""
        if len(studies) <= self.settings.embedding_studies:
            return studies
        return studies.sample(self.settings.embedding_studies, random_state=self.settings.seed).sort_index()


def measure_volume(signal: Signal, count: int, expected: Expected, nights: int) -> Finding:
    """Say how far the number of studies is from what the reference lets expect."""
    low, high = expected.band
    effect = abs(count - expected.mean) / expected.mean
    words = f"{count} where {expected.mean:.0f} were expected"
    return Finding(
        signal, n=max(count, 1), usual_n=nights, value=float(count), usual=expected.mean, low=low, high=high,
        p=expected.p(count), effect=effect, words=words,
    )  # fmt: skip


def _mix(signal: Signal, part: str, usual: pd.DataFrame, now: pd.DataFrame, settings: Drift) -> Finding:
    before, after = (table[signal.column].astype(str) for table in (usual, now))
    found = comparing.compare_mix(list(before), list(after), settings.permutations, settings.seed)
    words = _mix_in_words(before, after)
    return _finding(signal, part, len(usual), len(now), found, words, found.effect, 0.0, found.chance)


def _mix_in_words(before: "pd.Series[str]", after: "pd.Series[str]") -> str:
    """Name the kind whose share moved most, and the next one."""
    shares = pd.concat([side.value_counts(normalize=True) for side in (before, after)], axis=1).fillna(0.0)
    shares.columns = pd.Index(["before", "after"])
    moved = (shares["after"] - shares["before"]).abs().sort_values(ascending=False, kind="stable")
    return "; ".join(
        f"{name} {shares.loc[name, 'before']:.0%} → {shares.loc[name, 'after']:.0%}" for name in moved.index[:2]
    )


def _share(signal: Signal, part: str, usual: pd.DataFrame, now: pd.DataFrame, settings: Drift) -> Finding:
    column = "refused" if signal.kind is Kind.QUARANTINE else signal.column
    before, after = (table[column].to_numpy(bool) for table in (usual, now))
    compare = comparing.compare_growth if signal.kind is Kind.QUARANTINE else comparing.compare_shares
    found, share = compare(before, after), float(before.mean())
    low, high = (float(bound) / len(now) for bound in binom.interval(BAND, len(now), share))
    words = f"{share:.1%} → {after.mean():.1%} of the studies"
    return _finding(signal, part, len(usual), len(now), found, words, float(after.mean()), low, high, share)


def _amount(signal: Signal, part: str, usual: pd.DataFrame, now: pd.DataFrame, settings: Drift) -> Finding:
    before, after = (table[signal.column].to_numpy(float) for table in (usual, now))
    compared = (before, after)
    if signal.by_class:
        names = [table["label"].to_numpy(str) for table in (usual, now)]
        least = max(10, settings.minimum_studies // 2)  # fewer give no median to compare with
        compared = comparing.centred(before, names[0], after, names[1], least)
        if min(map(len, compared)) < settings.minimum_studies:
            return Finding(signal, part)
    found = comparing.compare_amounts(*compared)
    middle = float(np.median(before))
    reach = 2.33 * 0.5 / sqrt(len(after))  # of the rank of a median, by its binomial distribution
    low, high = (float(np.quantile(before, min(max(0.5 + side * reach, 0.0), 1.0))) for side in (-1, 1))
    value = float(np.median(after))
    among = " among films of the same class" if signal.by_class else ""
    words = f"median {figure(middle)} → {figure(value)}{among}"
    return _finding(signal, part, len(usual), len(now), found, words, value, low, high, middle)


MEASURES: Final[Mapping[Kind, Callable[[Signal, str, pd.DataFrame, pd.DataFrame, Drift], Finding]]] = {
    Kind.MIX: _mix,
    Kind.SHARE: _share,
    Kind.QUARANTINE: _share,
    Kind.AMOUNT: _amount,
}


def _finding(
    signal: Signal,
    part: str,
    usual_n: int,
    n: int,
    found: Difference,
    words: str,
    value: float,
    low: float,
    high: float,
    usual: float = 0.0,
) -> Finding:
    return Finding(signal, part, 1, n, usual_n, value, usual, low, high, found.p, found.effect, words)


def _labels_of_both(usual: pd.DataFrame, now: pd.DataFrame, settings: Drift) -> list[str]:
    """Return the labels with enough studies on both sides to compare within them."""
    least = max(5, settings.minimum_studies // 4)
    counts = [table["label"].value_counts() for table in (usual, now)]
    return [str(label) for label in counts[1].index if min(counts[0].get(label, 0), counts[1][label]) >= least]


def _known(studies: pd.DataFrame, vectors: Vectors) -> tuple[pd.DataFrame, Vectors]:
    """Leave out studies of which the network saw nothing."""
    known = np.flatnonzero(~np.isnan(vectors).any(axis=1))
    return studies.iloc[known], vectors[known]
