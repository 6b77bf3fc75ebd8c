"""A small drawing of a system between what it stands on and what stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from umlindi.estate.models import System
from umlindi.estate.queries import DependencyGraph

COLUMN, LINE, BOX_WIDTH, BOX_HEIGHT = 270, 40, 200, 30
SHOWN_AT_MOST = 12
LABEL_AT_MOST = 25


@dataclass(frozen=True, slots=True)
class Box:
    """A system at a place of the drawing, in its own units."""

    system: System
    x: int
    y: int

    @property
    def label(self) -> str:
        name = self.system.name
        return name if len(name) <= LABEL_AT_MOST else f"{name[: LABEL_AT_MOST - 1]}…"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Left what it stands on, in the middle the system, right what stands on it: one step either way."""

    boxes: Sequence[Box]
    lines: Sequence[str]
    width: int
    height: int
    left_out: int


def drawing(system: System, graph: DependencyGraph) -> Drawing | None:
    """None where nothing stands on it and it stands on nothing."""
    below = [graph.systems[pk] for pk in graph.needs.get(system.pk, ())]
    above = [graph.systems[pk] for pk in graph.needed_by.get(system.pk, ())]
    if not below and not above:
        return None
    left, right = below[:SHOWN_AT_MOST], above[:SHOWN_AT_MOST]
    height = max(len(left), len(right), 1) * LINE
    middle_x = COLUMN if left else 0
    middle = Box(system, middle_x, (height - BOX_HEIGHT) // 2)
    boxes = [*_column(left, 0, height), middle, *_column(right, middle_x + COLUMN, height)]
    width = middle_x + BOX_WIDTH + (COLUMN if right else 0)
    lines = [_line(box, middle) if box.x < middle.x else _line(middle, box) for box in boxes if box is not middle]
    return Drawing(boxes, lines, width, height, len(below) + len(above) - len(left) - len(right))


def _column(systems: Sequence[System], x: int, height: int) -> list[Box]:
    top = (height - len(systems) * LINE) // 2
    return [Box(system, x, top + row * LINE + (LINE - BOX_HEIGHT) // 2) for row, system in enumerate(systems)]


def _line(left: Box, right: Box) -> str:
    """An SVG path from the right edge of one box to the left edge of another."""
    from_x, from_y, to_x, to_y = left.x + BOX_WIDTH, left.y + BOX_HEIGHT // 2, right.x, right.y + BOX_HEIGHT // 2
    bend = (from_x + to_x) // 2
    return f"M{from_x} {from_y}C{bend} {from_y} {bend} {to_y} {to_x} {to_y}"
