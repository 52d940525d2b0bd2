"""One film: the body in front of the detector, the exposure, and the console's image processing."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from dicom_router.sample import limbs
from dicom_router.sample.devices import devices, marker
from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import PI, cos, exp, power, sin
from dicom_router.sample.exams import Exam
from dicom_router.sample.hospital import Detector, Hospital, Processing
from dicom_router.sample.physics import Exposure, Image, Mask, beam, blurred, detected, logarithm, smooth
from dicom_router.sample.physique import Physique
from dicom_router.sample.projection import Canvas
from dicom_router.sample.shapes import Shape
from dicom_router.sample.trunk import trunk
from dicom_router.sample.view import View

_SCENES: Final = {
    "knee": limbs.knee,
    "ankle": limbs.ankle,
    "elbow": limbs.elbow,
    "hand": limbs.hand,
    "foot": limbs.foot,
}
_TONES: Final = 1024
_LETTER: Final = 15.0  # millimetres
_ZOOM: Final = (0.84, 1.22)


@dataclass(frozen=True)
class Film:
    """A film as the console shows it."""

    pixels: Image  # (H, W) float32 in [0, 1], bone bright
    position: str  # DICOM's ViewPosition
    orientation: tuple[str, str]  # DICOM's PatientOrientation: where the columns and the rows lead


@dataclass(frozen=True)
class Pose:
    """How the part lies on the detector."""

    view: View
    angle: float  # radians in the plane of the detector
    arms: str


def make_film(exam: Exam, body: Physique, hospital: Hospital, shape: tuple[int, int], dice: Dice) -> Film:
    """Return the film of ``shape`` (H, W) as the console shows it."""
    pose = _pose(exam, body, shape, dice)
    quality = beam(dice.uniform(*exam.kilovolts))
    scale = body.size
    canvas = Canvas(
        pose.view, {"soft": quality.soft * scale, "bone": quality.bone * scale, "metal": quality.metal}, dice
    )
    canvas.draw(_scene(exam, pose, body, dice))
    attenuation = _turned(canvas.finish(), pose.angle, shape)
    field = _open_field(exam, pose.view, shape, dice)
    attenuation = attenuation + _marker(shape, field, pose.view.pixels_per_mm / scale, dice)
    dose = detected(attenuation, blurred(field.astype(np.float32), 0.8), _exposure(hospital.detector, dice), dice)
    shown = _processed(logarithm(dose), field, hospital.processing, dice)
    return Film(shown, _position(exam, pose.view), _orientation(exam, pose.view))


def _pose(exam: Exam, body: Physique, shape: tuple[int, int], dice: Dice) -> Pose:
    lateral = exam.view == "lateral"
    width = exam.field[0] * (body.deep if lateral else body.wide) if exam.scene == "trunk" else exam.field[0]
    fit = min(shape[1] / width, shape[0] / exam.field[1])
    zoom = dice.uniform(*_ZOOM)
    if exam.scene == "trunk":
        zoom /= 1.0 + dice.uniform(0.0, 0.35) * (
            1.0 - body.maturity
        )  # the smaller the patient, the more is in the field
    side = dice.sign() if exam.either_side else 1
    turn = (dice.sign() * 0.5 * PI if lateral else 0.0) + dice.near(0.0, 0.07)
    mirrored = dice.chance(0.5) if exam.scene != "trunk" else dice.chance(0.04)
    across = exam.center[0] * side * (1.0 if exam.scene != "trunk" else body.wide)
    across = across if not lateral or turn > 0.0 else -across
    wander = 0.08 / zoom
    center = (
        (-across if mirrored else across) + dice.near(0.0, wander * shape[1] / fit * 0.5),
        exam.center[1] + dice.near(0.0, wander * shape[0] / fit * 0.5),
    )
    angle = dice.near(0.0, 0.045) + (dice.uniform(-exam.any_angle, exam.any_angle) if exam.any_angle else 0.0)
    view = View(turn, center, fit * zoom, _room(shape, angle), dice.choose((1100.0, 1500.0, -1800.0)), mirrored)
    arms = exam.arms if exam.arms != "out" or dice.chance(0.8 - 0.65 * body.maturity) else "down"
    return Pose(view, angle, arms)


def _position(exam: Exam, view: View) -> str:
    """Return the DICOM word for the side that faces the detector."""
    if exam.view == "frontal":
        return "AP" if view.source_mm > 0.0 else "PA"
    return "LL" if view.turn > 0.0 else "RL"


def _orientation(exam: Exam, view: View) -> tuple[str, str]:
    """Return the sides of the patient towards which columns and rows count."""
    to_the_right = "LR" if exam.view == "frontal" else ("AP" if view.turn > 0.0 else "PA")
    return to_the_right[int(view.mirrored)], "F"


def _room(shape: tuple[int, int], angle: float) -> tuple[int, int]:
    """Return the size that still covers ``shape`` after a turn by ``angle``."""
    c, s = cos(angle), abs(sin(angle))
    height, width = shape
    return int(height * c + width * s) + 4, int(width * c + height * s) + 4


def _scene(exam: Exam, pose: Pose, body: Physique, dice: Dice) -> list[Shape]:
    if exam.scene == "trunk":
        half = 0.5 * pose.view.shape[0] / pose.view.pixels_per_mm
        shapes = trunk(body, pose.arms, (pose.view.center[1] - half, pose.view.center[1] + half), dice)
    else:
        shapes = _SCENES[exam.scene](body, dice)
    return shapes + devices(exam, body, dice)


def _turned(image: Image, angle: float, shape: tuple[int, int]) -> Image:
    """Return the middle ``shape`` of ``image`` turned by ``angle``."""
    c, s = cos(angle), sin(angle)
    middle = [0.5 * (side - 1) for side in shape]
    start = [0.5 * (side - 1) for side in image.shape]
    offset = [start[0] - c * middle[0] - s * middle[1], start[1] + s * middle[0] - c * middle[1]]
    turn = [[c, s], [-s, c]]
    return np.asarray(ndimage.affine_transform(image, turn, offset, output_shape=shape, order=1, mode="nearest"))


def _open_field(exam: Exam, view: View, shape: tuple[int, int], dice: Dice) -> Mask:
    """Return where the collimator lets the beam through: the examination's field, some of the frame, or all of it."""
    height, width = shape
    rows, cols = np.arange(height)[:, None], np.arange(width)[None, :]
    close = dice.random()
    if close < exam.narrow:
        half = [0.5 * side * view.pixels_per_mm * dice.uniform(0.85, 1.2) for side in (exam.field[1], exam.field[0])]
    elif close < exam.narrow + 0.3:
        half = [0.5 * side * dice.uniform(0.65, 1.1) for side in shape]
    else:
        half = [1.0 * height, 1.0 * width]
    at = [0.5 * side + dice.near(0.0, 0.02 * side) for side in shape]
    lean = dice.near(0.0, 0.02)
    down = rows - at[0] + lean * (cols - at[1])
    across = cols - at[1] - lean * (rows - at[0])
    return (np.abs(down) < half[0]) & (np.abs(across) < half[1])


def _marker(shape: tuple[int, int], field: Mask, pixels_per_mm: float, dice: Dice) -> Image:
    """Return the attenuation of a lead letter near the edge of the ``field``, or none."""
    canvas = Canvas(
        View(0.0, (0.5 * (shape[1] - 1), 0.5 * (shape[0] - 1)), 1.0, shape, 1e9),
        {"metal": 0.6, "bone": 0.0, "soft": 0.0},
        dice,
    )
    if dice.chance(0.7):
        height = min(max(_LETTER * pixels_per_mm, 0.03 * max(shape)), 0.1 * max(shape))
        rows, cols = np.flatnonzero(field[:, shape[1] // 2]), np.flatnonzero(field[shape[0] // 2])
        left, right = (float(cols[0]), float(cols[-1])) if cols.size else (0.0, float(shape[1]))
        top, bottom = (float(rows[0]), float(rows[-1])) if rows.size else (0.0, float(shape[0]))
        margin = dice.uniform(0.02, 0.10)
        column = left + margin * (right - left) if dice.chance(0.5) else right - margin * (right - left) - height
        row = top + dice.uniform(0.04, 0.85) * (bottom - top)
        canvas.draw(marker(dice.choose("LR"), (column, row), height, dice.chance(0.1)))
    return canvas.finish()


def _exposure(detector: Detector, dice: Dice) -> Exposure:
    return Exposure(
        scatter=dice.uniform(*detector.scatter),
        dose=detector.dose[0] * float(power(detector.dose[1] / detector.dose[0], dice.random())),
        heel=(dice.near(0.0, 0.12), dice.near(0.0, 0.08)),
        blur=dice.uniform(*detector.blur),
        leak=dice.uniform(*detector.leak),
    )


def _processed(image: Image, field: Mask, processing: Processing, dice: Dice) -> Image:
    """Return the console's image of the logarithm of the dose, in [0, 1]."""
    low, high = _range(image, field, processing, dice)
    image = (image - np.float32(low)) * np.float32(1.0 / (high - low))
    image = np.minimum(np.maximum(image, np.float32(-0.5)), np.float32(1.5))
    slow = smooth(image, 0.06 * max(image.shape)) - np.float32(0.5)
    image = image - slow * np.float32(dice.uniform(*processing.equalisation))
    sharp = image - blurred(image, dice.uniform(*processing.edge_width))
    image = image + sharp * np.float32(dice.uniform(*processing.edge))
    toned = _toned(image, processing, dice)
    if dice.chance(processing.white_border):
        return toned
    return np.where(field, toned, np.float32(0.0))


def _range(image: Image, field: Mask, processing: Processing, dice: Dice) -> tuple[float, float]:
    """Return the values of the exposed body that turn black and white."""
    some = image[::3, ::3][field[::3, ::3]]
    inside = np.sort(some[some > 0.12])
    if inside.size < 50:
        inside = np.sort(image.ravel())
    low = float(inside[int(dice.uniform(*processing.dark) * inside.size)])
    high = float(inside[int((1.0 - dice.uniform(*processing.bright)) * inside.size)])
    return low - 0.02 * (high - low), max(high, low + 0.2)


def _toned(image: Image, processing: Processing, dice: Dice) -> Image:
    """Return ``image`` through an S-shaped tone curve, in [0, 1]."""
    steep, middle, gamma = (dice.uniform(*part) for part in (processing.steepness, processing.middle, processing.gamma))
    at = power(np.arange(1, _TONES + 1) / _TONES, gamma)
    curve = 1.0 / (1.0 + exp(-steep * (at - middle)))
    first, last = float(curve[0]), float(curve[-1])
    table = ((curve - first) / (last - first)).astype(np.float32)
    index = np.minimum(np.maximum(image * np.float32(_TONES), np.float32(0.0)), np.float32(_TONES - 1))
    return np.asarray(table[index.astype(np.int32)])
