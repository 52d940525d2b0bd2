"""From figures to places on a drawing, in the units of an SVG's viewBox."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10


@dataclass(frozen=True)
class Axis:
    """Figures from ``low`` to ``high``, drawn from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return where ``value`` is drawn; values outside the axis are drawn at its end."""
        inside = min(max(value, self.low), self.high)
        return round(self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start), 2)

    def unbounded(self, value: float) -> float:
        """Return where ``value`` would be drawn, outside the axis too: for curves that are clipped."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 2)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Return three to six round figures on the axis."""
        step = round_step((self.high - self.low) / 4)
        first = ceil(self.low / step - 1e-9)
        last = floor(self.high / step + 1e-9)
        return tuple(round(number * step, 10) for number in range(first, last + 1))


@dataclass(frozen=True)
class Frame:
    """A drawing of ``width`` x ``height`` with two axes; y grows upwards."""

    width: float
    height: float
    x: Axis
    y: Axis

    def points(self, xs: Iterable[float], ys: Iterable[float]) -> str:
        """Return the points of a polyline."""
        return " ".join(f"{self.x.unbounded(x):g},{self.y.unbounded(y):g}" for x, y in zip(xs, ys, strict=True))


def frame(x: tuple[float, float], y: tuple[float, float], width: float = 360, height: float = 300) -> Frame:
    """Return a drawing with room for the labels of its axes."""
    return Frame(width, height, Axis(*x, 60, width - 14), Axis(*y, height - 44, 12))


def round_step(step: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten, the nearest one not under ``step``."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9))


def floor_of(values: Iterable[float], step: float = 0.05, highest: float = 0.9) -> float:
    """Return a round figure under all ``values``, at most ``highest``: where an axis up to 1 begins."""
    lowest = min(values, default=1.0)
    return round(min(highest, max(0.0, floor(lowest / step - 0.2) * step)), 10)
