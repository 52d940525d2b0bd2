"""What a run did, in numbers that add up and in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dicom_router.dataset.naming import RULE
from dicom_router.reasons import Reason


@dataclass
class Tally:
    """What is counted while a run goes on; every film is seen, and is one of the others."""

    seen: int = 0
    waiting: int = 0
    known: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    review: int = 0
    quarantined: Counter[Reason] = field(default_factory=Counter)
    replaced: int = 0
    twins: int = 0
    shadows: int = 0  # films that the challenger answered too
    silent: Counter[str] = field(default_factory=Counter)  # those that it was asked about and did not, by what it said


@dataclass(frozen=True)
class Change:
    """What another model changed: how many films both answered, and how many moved from which label to which."""

    before: str
    compared: int
    moves: Mapping[tuple[str, str], int]
    alone: int = 0  # films that have the earlier answer only

    @classmethod
    def of(cls, before: str, pairs: Mapping[tuple[str, str], int], alone: int = 0) -> "Change":
        """Take the films by their two labels."""
        moves = {labels: n for labels, n in pairs.items() if labels[0] != labels[1]}
        ordered = dict(sorted(moves.items(), key=lambda move: (-move[1], move[0])))
        return cls(before, sum(pairs.values()), ordered, alone)


@dataclass(frozen=True)
class Account:
    """What became of every film: ``seen`` is what was scored, quarantined, waits, or was known."""

    model: str
    seen: int
    labels: Mapping[str, int]  # of the films that were scored
    review: int  # of these
    quarantined: Mapping[Reason, int]
    waiting: int
    known: int
    replaced: int  # new films under a name that held another before
    twins: int  # new films whose SOPInstanceUID another film has
    misplaced: int  # of the waiting ones, in no site's folder
    change: Change | None
    challenger: str | None  # who answered in silence
    shadows: int  # films that it answered too
    warnings: tuple[str, ...]

    @property
    def scored(self) -> int:
        """Return how many films have an answer of this run."""
        return sum(self.labels.values())

    @property
    def refused(self) -> int:
        """Return how many were quarantined by this run."""
        return sum(self.quarantined.values())

    @property
    def lines(self) -> list[str]:
        """Return it as lines of text; the four numbers below the first add up to it."""
        return [*self.warnings, f"model        {self.model}", *_numbers(self), *_notes(self)]

    @property
    def summary(self) -> str:
        """Return it in a sentence."""
        return (
            f"{self.seen:,} films seen = {self.scored:,} scored + {self.refused:,} quarantined"
            f" + {self.waiting:,} waiting + {self.known:,} known, by model {self.model}"
        )

    @property
    def markdown(self) -> str:
        """Return it for a page."""
        return "```\n" + "\n".join(self.lines) + "\n```"


def _numbers(account: Account) -> Iterator[str]:
    found = ", ".join(f"{n:,} {label}" for label, n in account.labels.items())
    yield f"seen         {account.seen:>9,} films"
    yield f"scored       {account.scored:>9,}" + (f"   {found}; {account.review:,} for review" if found else "")
    yield f"quarantined  {account.refused:>9,}"
    yield from (f"{n:>22,}   {reason}: {reason.meaning}" for reason, n in account.quarantined.items())
    yield f"waiting      {account.waiting:>9,}" + _waiting(account)
    yield f"known        {account.known:>9,}"
    if account.challenger is not None:
        yield f"challenger   {account.shadows:>9,}   answers in silence, by {account.challenger}"


def _waiting(account: Account) -> str:
    written = account.waiting - account.misplaced
    parts = [f"{written:,} still being written"] if written else []
    parts += [f"{account.misplaced:,} in no site's folder"] if account.misplaced else []
    return f"   {', '.join(parts)}" if parts else ""


def _notes(account: Account) -> Iterator[str]:
    if account.misplaced:
        yield f"what lies in no site's folder will not be scored there: {RULE}"
    if account.replaced:
        yield f"{account.replaced:,} new films under a name that held another film before; both are kept"
    if account.twins:
        yield f"{account.twins:,} new films with the SOPInstanceUID of another film; both are kept"
    if account.change is not None:
        yield from _change(account.change)


def _change(change: Change) -> Iterator[str]:
    moved = sum(change.moves.values())
    yield (
        f"another model than before ({change.before}): of {change.compared:,} films that both answered,"
        f" {moved:,} changed class"
    )
    yield from (f"{n:>22,}   {before} became {after}" for (before, after), n in change.moves.items())
    if change.alone:
        yield f"{change.alone:>22,}   have the earlier answer alone: they have left the inbox, or were not asked for"


def not_answered(silent: Mapping[str, int]) -> str:
    """Return in words how many films the challenger did not answer, and why; "" where there was none."""
    if not silent:
        return ""
    n, why = sum(silent.values()), max(silent, key=lambda said: silent[said])
    return f"The challenger did not answer {n:,} film{'' if n == 1 else 's'}: {why}."
