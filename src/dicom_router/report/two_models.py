"""Two versions of the model on the same films, as the page of a night shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SmallFilm:
    """A film, small enough to tell nobody apart."""

    png: str  # a data: address
    site: str
    said: str  # BodyPartExamined and age


@dataclass(frozen=True)
class Move:
    """Films that the first version took for one class, and the second for another."""

    first: str
    second: str
    n: int
    films: tuple[SmallFilm, ...]  # the newest of these, where there is a picture


@dataclass(frozen=True)
class Compared:
    """Films of the last ``days`` that both versions answered."""

    days: int
    films: int
    agreement: Mapping[str, Any]  # a share, with its interval
    moves: tuple[Move, ...]  # the most frequent first
    decisions: Mapping[tuple[str, str], int]  # films by both decisions, route or review
    alone: int  # films that the first version answered and the second did not

    @property
    def moved(self) -> int:
        """Return how many films are of another class."""
        return sum(move.n for move in self.moves)


@dataclass(frozen=True)
class Challenger:
    """Who answers beside the champion, and how it does; nothing is compared where it answered nothing."""

    name: str  # "" where there is none
    since: str  # "" where it answered nothing
    compared: Compared | None
    labelled: tuple[str, ...]  # what people's labels say
    warning: str  # what went wrong


@dataclass(frozen=True)
class Change:
    """What another champion changed."""

    before: str
    compared: Compared
