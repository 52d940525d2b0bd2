"""Where a network runs."""

from typing import Final, Literal

Device = Literal["auto", "cpu", "cuda"]
DEVICES: Final[tuple[Device, ...]] = ("auto", "cpu", "cuda")
