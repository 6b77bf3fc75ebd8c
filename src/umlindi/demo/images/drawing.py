"""Shapes on a square of which both axes run from -1 to 1, y downwards, as a viewer shows an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Plane = npt.NDArray[np.float64]
# How far beyond its outline the soft edge of a shape still paints.
EDGE = 1.08


@dataclass(frozen=True, slots=True)
class Sheet:
    """The co-ordinates of every pixel of an image."""

    x: Plane
    y: Plane

    @classmethod
    def of(cls, rows: int, columns: int) -> Sheet:
        y, x = np.mgrid[-1 : 1 : complex(0, rows), -1 : 1 : complex(0, columns)]
        return cls(x, y)

    def ellipse(self, centre: tuple[float, float], radii: tuple[float, float], turn: float = 0.0) -> Plane:
        """1 well inside, 0 well outside, a soft edge between. `turn` in radians."""
        box = self._box(centre, max(radii))
        x, y = self.x[box] - centre[0], self.y[box] - centre[1]
        across = (x * np.cos(turn) + y * np.sin(turn)) / radii[0]
        down = (y * np.cos(turn) - x * np.sin(turn)) / radii[1]
        mask = np.zeros_like(self.x)
        mask[box] = _soft(1.0 - np.hypot(across, down))
        return mask

    def ring(self, centre: tuple[float, float], radii: tuple[float, float], width: float) -> Plane:
        """The outline of an ellipse; `width` is a share of its radius."""
        box = self._box(centre, max(radii) * (1 + width))
        distance = np.hypot((self.x[box] - centre[0]) / radii[0], (self.y[box] - centre[1]) / radii[1])
        mask = np.zeros_like(self.x)
        mask[box] = _soft(width - np.abs(1.0 - distance))
        return mask

    def _box(self, centre: tuple[float, float], reach: float) -> tuple[slice, slice]:
        """The pixels a shape can touch: what lies outside is not computed."""
        sides = zip(reversed(self.x.shape), centre, strict=True)
        across, down = (_span(side, middle, reach * EDGE) for side, middle in sides)
        return down, across


def _span(side: int, middle: float, reach: float) -> slice:
    first, last = ((middle + sign * reach + 1) / 2 * (side - 1) for sign in (-1, 1))
    return slice(max(0, int(first)), max(0, min(side, int(last) + 2)))


def _soft(depth: Plane) -> Plane:
    ramp: Plane = np.clip(depth * 14.0 + 0.5, 0.0, 1.0)
    return ramp


def paint(canvas: Plane, mask: Plane, value: float) -> None:
    """Replace what lies under a mask, by as much as the mask covers."""
    canvas += mask * (value - canvas)


def grain(shape: tuple[int, ...], seed: int, coarse: int = 1) -> Plane:
    """Noise around 0 with spread 1, in blobs of `coarse` pixels; the same for the same seed."""
    small = tuple(-(-side // coarse) for side in shape)
    noise = np.random.default_rng(seed).standard_normal(small)
    blobs: Plane = np.kron(noise, np.ones((coarse,) * len(shape))).astype(np.float64)
    return blobs[tuple(slice(0, side) for side in shape)]


def label(image: npt.NDArray[np.generic], text: str) -> npt.NDArray[np.generic]:
    """Burn words into the top left corner, at the brightest value the image has."""
    strip = Image.new("L", (image.shape[1], 18), 0)
    ImageDraw.Draw(strip).text((6, 3), text, fill=255, font=ImageFont.load_default())
    marked = image.copy()
    marked[: strip.height][np.asarray(strip) > 100] = image.max()
    return marked
