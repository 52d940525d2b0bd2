"""Where source, body and detector stand."""

from dataclasses import dataclass
from functools import cached_property

from dicom_router.sample.exact import Floats, cos, sin


@dataclass(frozen=True)
class View:
    """Where the detector stands: ``turn`` radians about the long axis (0 frontal, pi/2 lateral)."""

    turn: float
    center: tuple[float, float]
    pixels_per_mm: float
    shape: tuple[int, int]
    source_mm: float = 1500.0  # positive: the source is in front, the detector behind (AP); negative: PA
    mirrored: bool = False

    @cached_property
    def direction(self) -> tuple[float, float]:
        """Return what x and z count across the detector."""
        sign = -1.0 if self.mirrored else 1.0
        return sign * cos(self.turn), sign * sin(self.turn)

    @cached_property
    def inward(self) -> tuple[float, float]:
        """Return what x and z count towards the source."""
        return -sin(self.turn), cos(self.turn)

    def place(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return columns, rows and local pixels per millimetre of ``points`` of shape (3, …)."""
        across = points[0] * self.direction[0] + points[2] * self.direction[1]
        depth = points[0] * self.inward[0] + points[2] * self.inward[1]
        scale = self.pixels_per_mm * self.source_mm / (self.source_mm - depth)
        cols = (across - self.center[0]) * scale + 0.5 * (self.shape[1] - 1)
        rows = (points[1] - self.center[1]) * scale + 0.5 * (self.shape[0] - 1)
        return cols, rows, scale
