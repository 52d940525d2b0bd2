"""The elementary functions agree with the C library's, and need none of it."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest

from dicom_router.sample import exact
from dicom_router.sample.dice import Dice, normal_quantiles

GRID = np.linspace(-15.0, 15.0, 2001)
SCRIPT = """
import hashlib
from dicom_router.sample.cohort import plan
from dicom_router.sample.making import make_file
print(hashlib.sha256(b"".join(make_file(order)[0] for order in plan(5, 12))).hexdigest())
"""
# What takes the processor's vector and fused instructions away from NumPy, from the C library and from libjpeg.
PLAIN = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F,-AVX",
    "JSIMD_FORCENONE": "1",
}


@pytest.mark.parametrize(
    ("ours", "theirs", "at"),
    [
        (exact.exp, math.exp, GRID),
        (exact.sin, math.sin, GRID),
        (exact.cos, math.cos, GRID),
        (exact.log, math.log, GRID[1001:]),
    ],
    ids=["exp", "sin", "cos", "log"],
)
def test_function_agrees_with_the_c_library(
    ours: Callable[[np.ndarray], np.ndarray], theirs: Callable[[float], float], at: np.ndarray
) -> None:
    assert ours(at) == pytest.approx([theirs(value) for value in at], rel=1e-12, abs=1e-12)


def test_functions_of_a_number_give_a_number() -> None:
    assert type(exact.exp(1.0)) is float
    assert exact.power(2.0, 0.5) == pytest.approx(math.sqrt(2.0))


def test_noise_is_drawn_from_the_quantiles_of_the_normal_distribution() -> None:
    expected = [NormalDist().inv_cdf((i + 0.5) / 4096) for i in range(4096)]
    assert normal_quantiles() == pytest.approx(expected, abs=2e-5)


def test_streams_of_other_keys_are_other_streams() -> None:
    assert Dice(1, 1, 2, 3).random() != Dice(1, 1, 3, 2).random()


def test_draws_stay_in_their_bounds() -> None:
    dice = Dice(1, 1, 1, 1)
    assert all(2 <= dice.integer(2, 4) <= 4 for _ in range(200))
    assert all(abs(dice.near(0.0, 1.0)) <= 3.5 for _ in range(200))


def test_bytes_are_the_same_without_the_processors_vector_instructions() -> None:
    assert _digest({}) == _digest(PLAIN)


def _digest(environment: dict[str, str]) -> str:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()
