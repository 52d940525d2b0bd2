"""The two fictitious hospitals: their detectors, how they treat an image, and how they store it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dicom_router.sample.exams import Side

Range = tuple[float, float]
Coding = Literal["explicit", "implicit", "rle", "jpeg_lossless", "jpeg_ls", "jpeg", "jpeg_12"]


@dataclass(frozen=True)
class Detector:
    """What a room's detector makes of the beam."""

    long_side: tuple[int, int]  # pixels
    dose: Range
    blur: Range  # pixels
    scatter: Range
    leak: Range


@dataclass(frozen=True)
class Processing:
    """What the console makes of the detector's image; a range is drawn from for each film."""

    equalisation: Range  # share of the slow shading that is taken out
    edge: Range  # gain of the unsharp mask
    edge_width: Range  # pixels
    steepness: Range  # of the tone curve
    middle: Range  # of the tone curve
    gamma: Range
    white_border: float  # how often the unexposed border stays white
    dark: Range  # share of the body that turns black
    bright: Range  # share of the body that turns white


@dataclass(frozen=True)
class Archive:
    """How films are stored."""

    codings: Mapping[Coding, float]
    bits: Mapping[int, float]
    monochrome1: float
    voi: Mapping[str, float]  # "window", "lut" or "none"
    dx: Mapping[Side, float]  # Digital X-Ray films that show a side, as a share of all films; the rest are CR
    manufacturers: tuple[tuple[str, str], ...]  # with the model's name


@dataclass(frozen=True)
class Hospital:
    """One site of the sample."""

    site: str
    cohort: Literal["internal", "external"]
    detector: Detector
    processing: Processing
    archive: Archive


INTERNAL: Final = Hospital(
    site="synthetic-a",
    cohort="internal",
    detector=Detector(long_side=(264, 384), dose=(0.8, 8.0), blur=(0.5, 0.9), scatter=(0.15, 0.9), leak=(0.002, 0.02)),
    processing=Processing(
        equalisation=(0.05, 0.55), edge=(0.2, 1.0), edge_width=(1.5, 5.0), steepness=(2.2, 5.0), middle=(0.45, 0.65),
        gamma=(0.8, 1.3), white_border=0.18, dark=(0.01, 0.14), bright=(0.001, 0.02),
    ),
    archive=Archive(
        codings={"explicit": 0.32, "implicit": 0.14, "rle": 0.12, "jpeg_lossless": 0.24, "jpeg_ls": 0.18},
        bits={10: 0.15, 12: 0.45, 14: 0.25, 16: 0.15},
        monochrome1=0.35,
        voi={"window": 0.6, "lut": 0.2, "none": 0.2},
        dx={"frontal": 0.50, "lateral": 0.07},
        manufacturers=(
            ("Synthetic Radiography A", "Flat 1"), ("Synthetic Radiography A", "Flat 2"),
            ("Synthetic Imaging", "Plate 12"),
        ),
    ),
)  # fmt: skip

EXTERNAL: Final = Hospital(
    site="synthetic-b",
    cohort="external",
    detector=Detector(long_side=(256, 352), dose=(0.25, 1.5), blur=(0.8, 1.4), scatter=(0.3, 1.4), leak=(0.01, 0.05)),
    processing=Processing(
        equalisation=(0.0, 0.2), edge=(1.0, 2.3), edge_width=(2.0, 4.0), steepness=(3.0, 7.0), middle=(0.45, 0.70),
        gamma=(0.7, 1.2), white_border=0.4, dark=(0.0, 0.2), bright=(0.001, 0.05),
    ),
    archive=Archive(
        codings={"explicit": 0.2, "implicit": 0.15, "jpeg_lossless": 0.2, "jpeg": 0.35, "jpeg_12": 0.1},
        bits={8: 0.4, 10: 0.35, 12: 0.25},
        monochrome1=0.6,
        voi={"window": 0.6, "lut": 0.05, "none": 0.35},
        dx={"frontal": 0.14, "lateral": 0.04},
        manufacturers=(("Synthetic Cassettes B", "Reader 85"), ("Synthetic Cassettes B", "Reader 35")),
    ),
)  # fmt: skip

HOSPITALS: Final = {"internal": INTERNAL, "external": EXTERNAL}
