"""The sentence that heads a status page."""

from __future__ import annotations

from collections.abc import Sequence

from umlindi.status.rules import Word
from umlindi.web.wording import number


def sentence(words: Sequence[Word]) -> str:
    """What a reader wants to know first. `words` are the components' own."""
    down, partly = (sum(word is each for word in words) for each in (Word.DOWN, Word.PARTLY))
    if not words:
        return "Nothing is shown here yet."
    if down:
        does = "does" if down == 1 else "do"
        return "Nothing works." if down == len(words) > 1 else f"{_of(down, words)} {does} not work."
    if partly:
        works = "works" if partly == 1 else "work"
        return f"{_of(partly, words)} {works} only in part."
    if Word.PLANNED in words:
        return "Planned work is under way."
    if Word.UNKNOWN in words:
        return "At the moment we cannot say whether everything works."
    return "Everything works."


def _of(some: int, words: Sequence[Word]) -> str:
    return "It" if len(words) == 1 else f"{number(some).capitalize()} of {number(len(words))}"
