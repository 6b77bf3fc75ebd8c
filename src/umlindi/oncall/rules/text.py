"""What may stand in a message: its length and its characters."""

from __future__ import annotations

import unicodedata

SMS_AT_MOST = 160 * 3
"""Three parts of an SMS in the GSM alphabet; in another, providers make up to seven of it."""
SUBJECT_AT_MOST = 200


def cleaned(text: str) -> str:
    """Without control characters and what turns the direction of reading; line breaks stay."""
    return "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in _UNSAFE)


def one_line(text: str, at_most: int = SUBJECT_AT_MOST) -> str:
    """For a subject: no line break, so that nothing becomes a header."""
    return shortened(" ".join(cleaned(text.replace("\r", " ")).split()), at_most)


def shortened(text: str, at_most: int) -> str:
    """At most so many characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= at_most else text[: max(at_most - 1, 0)].rstrip() + "…"


def body(subject: str, text: str, url: str, at_most: int) -> str:
    """Subject, text and link in so many characters. The link stays whole, or goes where half of the room is too little
    for it: half an address leads nowhere."""
    told = "\n".join(part for part in (one_line(subject), cleaned(text).strip()) if part)
    link = f"\n{one_line(url, len(url))}" if url and len(url) < at_most // 2 else ""
    return shortened(told, at_most - len(link)) + link


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
