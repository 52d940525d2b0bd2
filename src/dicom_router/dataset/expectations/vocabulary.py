"""The words in which expectations are written: what is looked at, how grave it is, what is accepted."""

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["critical", "warning", "info"]
TableName = Literal["rows", "images", "classes", "files", "dataset"]


@dataclass(frozen=True)
class Check:
    """A Great Expectations type with its arguments, and the same in words."""

    type: str
    kwargs: dict[str, Any]
    accepted: str


@dataclass(frozen=True)
class Expectation:
    """One thing that is expected of one of ``findings.Tables``; ``title`` says what holds when it is met."""

    name: str
    severity: Severity
    table: TableName
    title: str
    check: Check
    advice: str


@dataclass(frozen=True)
class Verdict:
    """How one expectation was met; ``unexpected`` names the rows that break it, in their order."""

    expectation: Expectation
    success: bool
    observed: str
    unexpected: tuple[str, ...]


def one_of(column: str, values: tuple[Any, ...], words: str = "", mostly: float = 1.0) -> Check:
    """Accept ``values`` in ``column``; a share ``mostly`` is enough. ``words`` say so better than the names do."""
    kwargs = {"column": column, "value_set": list(values), "mostly": mostly}
    accepted = words or f"{column} {' or '.join(str(value) or 'empty' for value in values)}"
    return Check("expect_column_values_to_be_in_set", kwargs, accepted)


def none_of(column: str, values: tuple[str, ...], words: str) -> Check:
    """Accept anything but ``values`` in ``column``, which ``words`` call by its name."""
    kwargs = {"column": column, "value_set": [str(value) for value in values]}
    return Check("expect_column_values_to_not_be_in_set", kwargs, words)


def between(column: str, low: float | None, high: float | None) -> Check:
    """Accept numbers from ``low`` to ``high`` in ``column``, both inclusive; None is no bound."""
    named = {"at least": low, "at most": high}
    bounds = [f"{words} {bound:g}" for words, bound in named.items() if bound is not None]
    kwargs = {"column": column, "min_value": low, "max_value": high}
    return Check("expect_column_values_to_be_between", kwargs, f"{column} {' and '.join(bounds)}")


def matching(column: str, regex: str, words: str) -> Check:
    """Accept text that ``regex`` matches."""
    return Check("expect_column_values_to_match_regex", {"column": column, "regex": regex}, f"{column} {words}")
