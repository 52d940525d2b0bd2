"""Elementary functions from + - * / alone: the same bits on every processor.

The exp, log and sin of a C library and of NumPy pick their code by the
processor's features and differ in the last bit; a rounding later, a pixel
differs. These series do not. They are meant for tables and for geometry.
"""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, Floats)

PI: Final = 3.141592653589793
_LN2: Final = 0.6931471805599453


def exp(x: Number) -> Number:
    """Return e to the ``x``; relative error below 1e-14."""
    twos = np.rint(x / _LN2)
    rest = x - twos * _LN2
    total = rest * 0.0 + 1.0
    for n in range(18, 0, -1):
        total = total * rest / n + 1.0
    return _like(x, np.ldexp(total, np.asarray(twos).astype(np.int32)))


def log(x: Number) -> Number:
    """Return the natural logarithm of ``x`` > 0; absolute error below 1e-13."""
    mantissa, twos = np.frexp(x)
    ratio = (mantissa - 0.75) / (mantissa + 0.75)
    square = ratio * ratio
    total = square * 0.0
    for n in range(31, 0, -2):
        total = total * square + 1.0 / n
    return _like(x, 2.0 * ratio * total - 0.2876820724517809 + twos * _LN2)


def sin(x: Number) -> Number:
    """Return the sine of ``x`` in radians; absolute error below 1e-12."""
    rest = x - np.rint(x / (2.0 * PI)) * (2.0 * PI)
    square = rest * rest
    total = square * 0.0 + 1.0
    for n in range(28, 1, -2):
        total = 1.0 - total * square / (n * (n + 1))
    return _like(x, rest * total)


def cos(x: Number) -> Number:
    """Return the cosine of ``x`` in radians; absolute error below 1e-12."""
    return sin(x + PI / 2.0)


def power(x: Number, exponent: float) -> Number:
    """Return ``x`` > 0 to the ``exponent``."""
    return exp(log(x) * exponent)


def _like(x: Number, value: float | Floats) -> Number:
    """Return a float where ``x`` is one, an array where it is an array."""
    if isinstance(x, np.ndarray):
        return np.asarray(value, dtype=np.float64)
    return float(value)
