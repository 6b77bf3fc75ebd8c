"""What a peer told, as it may be stored and shown.

A peer says what it likes: NUL and half a surrogate pair, which PostgreSQL refuses; NaN, which JSON has not; escape
sequences, which a terminal obeys; marks that turn text around; a megabyte where a name is due. One such answer must
neither be lost nor keep the others from being recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

TEXT_AT_MOST = 1000
ITEMS_AT_MOST = 1000
DEEPEST = 6
_ELSEWHERE = "\N{REPLACEMENT CHARACTER}"


def clean(value: Any) -> Any:
    """Plain JSON of bounded size: text on one line, finite numbers, mappings and lists a few levels deep."""
    return _clean(value, DEEPEST)


def clean_text(text: str) -> str:
    """On one line, every character printable, cut where it is too long."""
    cut = text if len(text) <= TEXT_AT_MOST else text[: TEXT_AT_MOST - 1] + "…"
    return cut if cut.isprintable() else "".join(map(_shown, cut))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else _ELSEWHERE


def _clean(value: Any, levels: int) -> Any:
    match value:
        case str():
            return clean_text(value)
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float():
            return value
        case Mapping() if levels:
            items = islice(value.items(), ITEMS_AT_MOST)
            return {clean_text(str(name)): _clean(each, levels - 1) for name, each in items}
        case Iterable() if levels:
            return [_clean(each, levels - 1) for each in islice(value, ITEMS_AT_MOST)]
    return clean_text(f"{type(value).__name__} left out")
