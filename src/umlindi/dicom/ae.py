"""AE titles (PS3.5 6.2, VR AE)."""

from __future__ import annotations


class NotAnAeTitle(ValueError):
    """Says what is wrong with it."""


def ae_title(text: str) -> str:
    """The title without its non-significant leading and trailing spaces. Raises `NotAnAeTitle`."""
    title = text.strip(" ")
    if not title:
        raise NotAnAeTitle("an AE title cannot be empty or only spaces (PS3.5 6.2)")
    if len(title) > 16:
        raise NotAnAeTitle(f"AE title {_shown(title)} has {len(title)} characters, 16 are permitted (PS3.5 6.2)")
    wrong = [character for character in title if not " " <= character <= "~" or character == "\\"]
    if wrong:
        raise NotAnAeTitle(
            f"AE title {_shown(title)} has the character {_shown(wrong[0])}, which PS3.5 6.2 does not permit"
        )
    return title


def _shown(text: str) -> str:
    """Quoted as typed; what cannot be printed, escaped. A backslash is never doubled: nobody typed two."""
    return f"'{text}'" if text.isprintable() else repr(text)
