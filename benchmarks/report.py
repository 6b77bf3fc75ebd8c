"""How a benchmark ends: a table for people, one JSON line for machines, exit 1 where a target is missed."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

import psutil

Figures = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one part of a benchmark found. Its names are its own: no two parts of one benchmark share a name."""

    figures: Figures
    peers: Figures = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)


def together(parts: Iterable[Measured]) -> Measured:
    """The parts as one. Raises ValueError where two use one name."""
    whole = Measured({}, {}, {}, {})
    for part in parts:
        whole = Measured(
            _joined(whole.figures, part.figures),
            _joined(whole.peers, part.peers),
            _joined(whole.ratios, part.ratios),
            _joined(whole.targets, part.targets),
        )
    return whole


Value = TypeVar("Value")


def _joined(one: Mapping[str, Value], other: Mapping[str, Value]) -> dict[str, Value]:
    if both := sorted(set(one) & set(other)):
        raise ValueError(f"measured twice: {', '.join(both)}")
    return {**one, **other}


def machine() -> dict[str, float | int | str]:
    """What the figures were measured on."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "cores": os.cpu_count() or 0,
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "python": platform.python_version(),
    }


def finish(
    bench: str, *, figures: Figures, peers: Figures, ratios: Mapping[str, float], targets: Mapping[str, str]
) -> NoReturn:
    """Print and exit: 0 where every target is met.

    `figures` are ours, `peers` theirs. A target is written like `>= 20` or `< 300` under the name of a ratio or of
    one of our figures.
    """
    met = {name: is_met(_value(name, figures, ratios), bound) for name, bound in targets.items()}
    result = {
        "bench": bench,
        "machine": machine(),
        "figures": dict(figures),
        "peers": dict(peers),
        "ratios": dict(ratios),
        "targets": dict(targets),
        "met": met,
    }
    _print_table(bench, figures, peers, ratios)
    for name, bound in targets.items():
        print(f"  target    {name} {bound}: {'met' if met[name] else 'MISSED'}")
    print(json.dumps(result))
    sys.exit(0 if all(met.values()) else 1)


def is_met(value: float, bound: str) -> bool:
    """Whether a value keeps a bound such as `>= 20`."""
    relation, limit = bound.split()
    return {
        ">=": value >= float(limit),
        "<=": value <= float(limit),
        ">": value > float(limit),
        "<": value < float(limit),
    }[relation]


def _value(name: str, figures: Figures, ratios: Mapping[str, float]) -> float:
    return float(ratios[name] if name in ratios else figures[name])


def _print_table(bench: str, figures: Figures, peers: Figures, ratios: Mapping[str, float]) -> None:
    print(bench)
    for kind, rows in (("ours", figures), ("peer", peers), ("ratio", ratios)):
        for name, value in rows.items():
            print(f"  {kind:<8}  {name:<36} {_shown(value)}")


def _shown(value: float | str) -> str:
    return f"{value:>14,.3f}" if isinstance(value, float) else f"{value:>14}"
