"""Shapes to attenuation: line integrals through a body, as a point source and a flat detector see them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dicom_router.sample.chords import chord
from dicom_router.sample.dice import Dice
from dicom_router.sample.exact import Floats
from dicom_router.sample.pieces import Pieces, bundle_pieces, sheet_pieces, splat, tube_pieces
from dicom_router.sample.shapes import Bundle, Cavity, Ellipsoid, Flesh, Material, Shape, Sheet, Stack, Tube
from dicom_router.sample.view import View


@dataclass
class Canvas:
    """Attenuation that grows shape by shape; ``weights`` are attenuation per millimetre by material."""

    view: View
    weights: dict[Material, float]
    grain: Dice
    image: NDArray[np.float32] = field(init=False)
    _drops: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.image = np.zeros(self.view.shape, dtype=np.float32)
        self._drops = np.zeros(self.view.shape)

    def draw(self, shapes: list[Shape]) -> None:
        """Add ``shapes``; tubes and sheets show after ``finish``."""
        for shape in shapes:
            self._draw(shape, shape.amount * self.weights[shape.material])

    def finish(self) -> NDArray[np.float32]:
        """Return the attenuation of everything drawn, (H, W) float32."""
        return self.image + self._drops.astype(np.float32)

    def _draw(self, shape: Shape, amount: float) -> None:
        match shape:
            case Ellipsoid() | Stack():
                patch = chord(shape, self.view)
                if patch is not None:
                    self.image[patch.where] += patch.values * np.float32(amount)
            case Cavity():
                self._draw_cavity(shape, amount)
            case Flesh():
                self.image += self._thickest(shape) * np.float32(amount)
            case Tube():
                self._drop(tube_pieces(shape, self.view, self.weights[shape.material], self.grain))
            case Bundle():
                self._drop(bundle_pieces(shape, self.view, amount))
            case Sheet():
                self._drop(sheet_pieces(shape, self.view, amount))

    def _draw_cavity(self, cavity: Cavity, amount: float) -> None:
        room = self._merged((cavity.hull,))
        for group in cavity.filled:
            room -= self._merged(group)
        self.image += np.maximum(room, np.float32(0.0)) * np.float32(amount)

    def _merged(self, group: tuple[Ellipsoid | Stack, ...]) -> NDArray[np.float32]:
        """Return the longest chord through any shape of ``group``, pixel by pixel."""
        longest = np.zeros(self.view.shape, dtype=np.float32)
        for shape in group:
            patch = chord(shape, self.view)
            if patch is not None:
                part = longest[patch.where]
                np.maximum(part, patch.values * np.float32(shape.amount), out=part)
        return longest

    def _thickest(self, flesh: Flesh) -> NDArray[np.float32]:
        """Return the chord through ``flesh``, pixel by pixel."""
        thickest = np.zeros(self.view.shape, dtype=np.float32)
        for group in flesh.groups:
            total = np.zeros(self.view.shape, dtype=np.float32)
            for shape in group:
                patch = chord(shape, self.view)
                if patch is not None:
                    total[patch.where] += patch.values * np.float32(shape.amount)
            thickest = np.maximum(thickest, total)
        return thickest

    def _drop(self, pieces: Pieces | None) -> None:
        if pieces is not None:
            splat(pieces, self._drops)
