"""One drawing a modality. Each takes a seed (a person) and a level (0 to 1 through the body)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from umlindi.demo.images.drawing import Plane, Sheet, grain, label, paint

Pixels = npt.NDArray[np.generic]
WORDS = "INVENTED - NOT A PERSON"
_SIZE = 256


def ct(seed: int, level: float) -> npt.NDArray[np.int16]:
    """An axial chest in Hounsfield units, 256 x 256: air -1000, lung -800, water 0, bone 700."""
    sheet = Sheet.of(_SIZE, _SIZE)
    build = 1.0 + (seed % 11 - 5) / 60
    canvas = np.full((_SIZE, _SIZE), -1000.0)
    paint(canvas, sheet.ellipse((0, 0.72), (0.9, 0.05)), -200)
    paint(canvas, sheet.ellipse((0, 0), (0.88 * build, 0.62 * build)), -90)
    paint(canvas, sheet.ellipse((0, 0), (0.8 * build, 0.55 * build)), 45)
    _ct_chest(sheet, canvas, level, build)
    canvas += grain(canvas.shape, seed) * 12
    return label(canvas.astype(np.int16), WORDS).astype(np.int16)


def _ct_chest(sheet: Sheet, canvas: Plane, level: float, build: float) -> None:
    lung = 0.42 * np.sin(0.6 + 2.0 * level)
    for side in (-1, 1):
        paint(canvas, sheet.ellipse((side * 0.38 * build, -0.02), (0.3 * build, lung), side * 0.15), -830)
        for vessel in range(6):
            at = (side * (0.25 + 0.05 * vessel), -0.2 + 0.09 * vessel + 0.1 * level)
            paint(canvas, sheet.ellipse(at, (0.022, 0.022)), 40)
        for rib in range(5):
            angle = 0.5 + rib * 0.45 + level * 0.5
            at = (side * 0.76 * build * np.sin(angle), -0.52 * build * np.cos(angle))
            paint(canvas, sheet.ellipse(at, (0.06, 0.025), side * angle), 600)
    paint(canvas, sheet.ellipse((0.1, -0.15), (0.25, 0.2 + 0.08 * level), 0.5), 60)
    paint(canvas, sheet.ellipse((0.06, 0.2), (0.07, 0.07)), 140)
    paint(canvas, sheet.ellipse((0, 0.36), (0.13, 0.11)), 420)
    paint(canvas, sheet.ellipse((0, 0.36), (0.1, 0.08)), 260)
    paint(canvas, sheet.ellipse((0, 0.43), (0.04, 0.035)), 20)
    paint(canvas, sheet.ellipse((0, 0.52), (0.025, 0.08)), 650)


def mr(seed: int, level: float) -> npt.NDArray[np.uint16]:
    """An axial T1-like head, 256 x 256, 0 to 1100: fat brightest, fluid dark."""
    sheet = Sheet.of(_SIZE, _SIZE)
    size = 0.55 + 0.4 * np.sin(np.pi * (0.15 + 0.7 * level))
    canvas = np.zeros((_SIZE, _SIZE))
    paint(canvas, sheet.ellipse((0, 0), (0.78 * size, 0.95 * size)), 1000)
    paint(canvas, sheet.ellipse((0, 0), (0.73 * size, 0.9 * size)), 90)
    paint(canvas, sheet.ellipse((0, 0), (0.68 * size, 0.85 * size)), 180)
    _mr_brain(sheet, canvas, size, seed)
    canvas += np.abs(grain(canvas.shape, seed)) * 18
    return label(np.clip(canvas, 0, 1100).astype(np.uint16), WORDS).astype(np.uint16)


def _mr_brain(sheet: Sheet, canvas: Plane, size: float, seed: int) -> None:
    angle = np.arctan2(sheet.y, sheet.x)
    distance = np.hypot(sheet.x / (0.64 * size), sheet.y / (0.8 * size))
    folds = 0.05 * np.sin(17 * angle + seed % 7) + 0.03 * np.sin(29 * angle)
    paint(canvas, np.clip((1.0 - distance) * 20, 0, 1), 420)
    paint(canvas, np.clip((0.84 + folds - distance) * 20, 0, 1), 680)
    paint(canvas, np.clip(1 - np.abs(sheet.x) * 90, 0, 1) * (distance < 1), 150)
    for side in (-1, 1):
        paint(canvas, sheet.ellipse((side * 0.1 * size, -0.12 * size), (0.06 * size, 0.22 * size), side * -0.3), 120)
        paint(canvas, sheet.ellipse((side * 0.2 * size, 0.08 * size), (0.1 * size, 0.12 * size)), 450)


def cr(seed: int, level: float) -> npt.NDArray[np.uint16]:
    """A frontal chest, 640 x 512, 12 bits, MONOCHROME2: bone bright, lung dark. `level` tilts the light."""
    sheet = Sheet.of(640, 512)
    canvas = np.full((640, 512), 300.0)
    paint(canvas, sheet.ellipse((0, 0.25), (0.95, 1.15)), 2100 + 300 * level)
    paint(canvas, sheet.ellipse((0, -0.95), (0.22, 0.4)), 2300)
    for side in (-1, 1):
        paint(canvas, sheet.ellipse((side * 0.42, -0.02), (0.34, 0.68), side * -0.12), 900)
    _cr_bones(sheet, canvas)
    paint(canvas, sheet.ellipse((0.13, 0.3), (0.32, 0.34), 0.6), 2500)
    paint(canvas, np.clip((sheet.y - 0.6 - 0.25 * (sheet.x**2)) * 12, 0, 1) * (np.abs(sheet.x) < 0.85), 2700)
    canvas += grain(canvas.shape, seed) * 40 + grain(canvas.shape, seed + 1, 8) * 25
    return label(np.clip(canvas, 0, 4095).astype(np.uint16), WORDS).astype(np.uint16)


def _cr_bones(sheet: Sheet, canvas: Plane) -> None:
    for side in (-1, 1):
        for rib in range(9):
            arc = sheet.ring((side * 0.38, -0.72 + rib * 0.17), (0.44, 0.2), 0.1) * (sheet.y > -0.72 + rib * 0.17)
            canvas += arc * 330
        canvas += sheet.ellipse((side * 0.4, -0.66), (0.42, 0.04), side * -0.22) * 700
    canvas += np.clip(1 - np.abs(sheet.x) * 11, 0, 1) * (600 + 120 * np.sign(np.sin(sheet.y * 26)))


def us(seed: int, level: float) -> npt.NDArray[np.uint8]:
    """A curved-probe sector, 480 x 640, 8 bits: speckled liver, a vessel, a dark cyst with its bright wall behind."""
    sheet = Sheet.of(480, 640)
    x, y = sheet.x * 1.15, sheet.y + 1.35
    depth, angle = np.hypot(x, y), np.arctan2(x, y)
    sector = (np.abs(angle) < 0.75) & (depth > 0.5) & (depth < 2.2)
    speckle = np.abs(grain((480, 640), seed, 2) + 0.6 * grain((480, 640), seed + 1, 5))
    canvas = (70 + 38 * speckle) * np.exp(-0.35 * (depth - 0.5))
    cyst = (0.12 + 0.1 * level, -0.05)
    paint(canvas, sheet.ellipse((-0.3, 0.1 + 0.2 * level), (0.28, 0.05), 0.4), 14)
    paint(canvas, sheet.ring(cyst, (0.13, 0.15), 0.14), 175)
    paint(canvas, sheet.ellipse(cyst, (0.12, 0.14)), 6)
    canvas += np.clip(1 - np.abs(depth - 1.95) * 22, 0, 1) * 130
    return label(np.clip(canvas * sector, 0, 255).astype(np.uint8), WORDS).astype(np.uint8)
