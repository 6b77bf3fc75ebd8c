"""What a verb answers where the actor may ask, but not this."""

from __future__ import annotations


class Refused(Exception):
    """One sentence for the person who asked. Nothing was changed."""
