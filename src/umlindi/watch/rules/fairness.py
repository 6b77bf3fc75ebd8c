"""Who may have more of what a watch process has to share. Pure."""

from __future__ import annotations

from collections.abc import Mapping

FEW = 16
"""So many at once everybody may have, however busy the others are."""


def busy(in_hand: Mapping[int, int], places: int) -> list[int]:
    """The organisations that get no more for now, by how many probes of each are in hand.

    None may hold more places than are free. So one alone can hold half of them, two a third each, and whoever comes
    next, with however few probes, finds room beside clients whose every interface hangs.
    """
    free = places - sum(in_hand.values())
    return [organisation for organisation, held in in_hand.items() if held >= max(free, FEW)]
