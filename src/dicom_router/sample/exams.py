"""The examinations that a film can be of: where each looks, from which side, and what it is labelled."""

from dataclasses import dataclass
from typing import Final, Literal

Scene = Literal["trunk", "knee", "ankle", "elbow", "hand", "foot"]
Side = Literal["frontal", "lateral"]


@dataclass(frozen=True)
class Exam:
    """One kind of examination, in the adult's millimetres of the scene."""

    name: str
    group: Literal["abdomen", "chest", "spine", "other"]
    scene: Scene
    view: Side
    weight: float  # how often, within its group
    center: tuple[float, float]  # across (towards the patient's left, or the front) and down
    field: tuple[float, float]  # width and height
    kilovolts: tuple[float, float]
    arms: Literal["down", "out", "up"] = "down"
    either_side: bool = False  # the centre may be mirrored to the right
    narrow: float = 0.3  # how often the collimator closes around the field
    any_angle: float = 0.0  # radians that the part may lie turned in the frame


EXAMS: Final = (
    Exam("chest, frontal", "chest", "trunk", "frontal", 0.70, (0, 155), (350, 390), (88, 125), arms="out"),
    Exam("chest, lateral", "chest", "trunk", "lateral", 0.30, (0, 160), (300, 390), (90, 125), arms="up"),
    Exam("abdomen, supine", "abdomen", "trunk", "frontal", 0.60, (0, 440), (370, 430), (65, 90)),
    Exam("abdomen, upright", "abdomen", "trunk", "frontal", 0.32, (0, 385), (370, 420), (65, 95)),
    Exam("abdomen, lateral", "abdomen", "trunk", "lateral", 0.08, (10, 420), (320, 400), (75, 100), arms="up"),
    Exam("cervical spine, frontal", "spine", "trunk", "frontal", 0.10, (0, -35), (150, 200), (60, 80)),
    Exam("cervical spine, lateral", "spine", "trunk", "lateral", 0.15, (5, -65), (180, 220), (60, 80)),
    Exam("thoracic spine, frontal", "spine", "trunk", "frontal", 0.12, (0, 145), (170, 350), (65, 85), narrow=0.88),
    Exam(
        "thoracic spine, lateral",
        "spine",
        "trunk",
        "lateral",
        0.10,
        (-35, 150),
        (190, 340),
        (70, 95),
        arms="up",
        narrow=0.88,
    ),
    Exam("lumbar spine, frontal", "spine", "trunk", "frontal", 0.18, (0, 395), (190, 290), (70, 90), narrow=0.88),
    Exam(
        "lumbar spine, lateral",
        "spine",
        "trunk",
        "lateral",
        0.15,
        (-25, 395),
        (200, 290),
        (80, 100),
        arms="up",
        narrow=0.88,
    ),
    Exam(
        "whole spine, frontal",
        "spine",
        "trunk",
        "frontal",
        0.13,
        (0, 230),
        (280, 640),
        (75, 100),
        arms="out",
        narrow=0.8,
    ),
    Exam(
        "whole spine, lateral",
        "spine",
        "trunk",
        "lateral",
        0.07,
        (0, 230),
        (320, 640),
        (80, 110),
        arms="up",
        narrow=0.8,
    ),
    Exam("skull, frontal", "other", "trunk", "frontal", 0.08, (0, -175), (230, 280), (65, 80)),
    Exam("skull, lateral", "other", "trunk", "lateral", 0.08, (10, -180), (260, 270), (65, 80)),
    Exam("shoulder", "other", "trunk", "frontal", 0.12, (155, 70), (210, 220), (60, 80), either_side=True),
    Exam("pelvis", "other", "trunk", "frontal", 0.12, (0, 545), (380, 290), (65, 85)),
    Exam("hip", "other", "trunk", "frontal", 0.08, (95, 575), (200, 240), (65, 85), either_side=True),
    Exam("knee, frontal", "other", "knee", "frontal", 0.09, (0, 0), (150, 240), (50, 65), any_angle=0.2),
    Exam("knee, lateral", "other", "knee", "lateral", 0.09, (5, 0), (160, 240), (50, 65), any_angle=0.4),
    Exam("ankle, frontal", "other", "ankle", "frontal", 0.05, (0, -30), (130, 190), (48, 60), any_angle=0.2),
    Exam("ankle, lateral", "other", "ankle", "lateral", 0.06, (30, -20), (220, 200), (48, 60), any_angle=0.4),
    Exam("elbow", "other", "elbow", "frontal", 0.07, (0, 0), (130, 220), (48, 60), any_angle=0.6),
    Exam("hand", "other", "hand", "frontal", 0.10, (-4, 0), (190, 260), (45, 58), any_angle=0.5),
    Exam("foot", "other", "foot", "frontal", 0.06, (0, 10), (140, 280), (45, 58), any_angle=0.4),
)


def exams_of(group: str) -> dict[Exam, float]:
    """Return the examinations of ``group`` with their weights."""
    return {exam: exam.weight for exam in EXAMS if exam.group == group}
