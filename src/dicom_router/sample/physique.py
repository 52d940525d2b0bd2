"""Who is on the film: age and habitus as the proportions that the anatomy is drawn with."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import sin
from dicom_router.sample.shapes import Vector

# age in years: trunk length (adult 1), chest width and depth relative to it, heart share, rib slope,
# share of a vertebra that is bone, size of an epiphysis relative to its adult end
_GROWTH: Final = (
    (0.0, 0.36, 1.20, 1.48, 1.28, 0.40, 0.58, 0.12),
    (0.5, 0.42, 1.19, 1.44, 1.27, 0.45, 0.60, 0.28),
    (1.0, 0.47, 1.17, 1.38, 1.25, 0.50, 0.62, 0.42),
    (3.0, 0.56, 1.15, 1.32, 1.22, 0.55, 0.62, 0.55),
    (6.0, 0.66, 1.12, 1.22, 1.16, 0.62, 0.65, 0.70),
    (10.0, 0.78, 1.06, 1.12, 1.08, 0.74, 0.69, 0.84),
    (14.0, 0.92, 0.98, 1.00, 1.00, 0.94, 0.76, 0.97),
    (18.0, 1.00, 1.00, 1.00, 1.00, 1.00, 0.78, 1.00),
)
_AGES: Final = [row[0] for row in _GROWTH]
# height: position of the vertebral canal's front, x = 0, in an adult who stands straight
_SPINE_DEPTH: Final = (
    (-130.0, 0.0), (-90.0, 4.0), (-60.0, 0.0), (-20.0, -16.0), (0.0, -26.0), (60.0, -46.0), (130.0, -56.0),
    (200.0, -53.0), (270.0, -38.0), (330.0, -22.0), (380.0, -12.0), (430.0, -12.0), (475.0, -24.0), (520.0, -52.0),
    (570.0, -76.0), (610.0, -70.0),
)  # fmt: skip


@dataclass(frozen=True)
class Physique:
    """One person's proportions; 1 is an average adult unless said otherwise."""

    age: float  # years
    female: bool
    size: float  # of the trunk
    wide: float  # chest and belly, across
    deep: float  # chest and belly, front to back
    fat: float  # millimetres under the skin, in an adult's scale
    heart: float
    slope: float  # of the ribs
    thymus: float  # 0 none
    solid: float  # share of a vertebra's height that is bone
    maturity: float  # 0 newborn, 1 grown up: size of the epiphyses; below 1 the growth plates are open
    mineral: float  # density of bone
    bend: float  # scoliosis, mm
    bend_phase: float
    kyphosis: float

    @property
    def grown(self) -> bool:
        """Say whether the growth plates have closed."""
        return self.maturity > 0.995

    def spine(self, y: float) -> Vector:
        """Return the middle of the spine at the height ``y``."""
        x = self.bend * sin((y + self.bend_phase) / 95.0) * (1.0 if -40.0 < y < 500.0 else 0.4)
        z = float(np.interp(y, [row[0] for row in _SPINE_DEPTH], [row[1] for row in _SPINE_DEPTH]))
        return (x, y, z * self.kyphosis * (0.5 + 0.5 * self.deep))


def draw_physique(dice: Dice, age: float, female: bool) -> Physique:
    """Draw the proportions of a person of ``age`` years."""
    size, wide, deep, heart, slope, solid, maturity = (
        float(np.interp(age, _AGES, [row[i] for row in _GROWTH])) for i in range(1, 8)
    )
    adult = age >= 18.0
    stout = max(-1.2, dice.near(0.15 if adult else -0.2, 0.7))
    old = max(0.0, (age - 50.0) / 45.0)
    return Physique(
        age=age,
        female=female,
        size=size * (1.0 + dice.near(-0.06 if female and adult else 0.0, 0.04)),
        wide=wide * (1.0 + 0.07 * stout) * (0.94 if female and adult else 1.0) + dice.near(0.0, 0.03),
        deep=deep * (1.0 + 0.10 * stout) + dice.near(0.0, 0.04),
        fat=max(4.0, (17.0 if adult else 11.0) + 11.0 * stout),
        heart=heart * (1.0 + dice.near(0.04 * (1.0 + 2.0 * old) if adult else 0.0, 0.08)),
        slope=min(1.25, max(0.15, slope + dice.near(0.0, 0.12))),
        thymus=max(0.0, 1.0 - age / 4.0) * dice.uniform(0.4, 1.3),
        solid=solid + dice.near(0.0, 0.02),
        maturity=min(1.0, maturity + dice.near(0.0, 0.03)) if not adult else 1.0,
        mineral=(0.62 + 0.38 * maturity) * (1.0 - 0.35 * old) * (1.0 + dice.near(0.0, 0.08)),
        bend=dice.near(0.0, 4.0) + (dice.sign() * dice.uniform(10.0, 34.0) if dice.chance(0.12) else 0.0),
        bend_phase=dice.uniform(0.0, 600.0),
        kyphosis=1.0 + dice.near(0.25 * old, 0.12),
    )
