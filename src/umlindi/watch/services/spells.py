"""Spells: the history of conditions, written where one turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from umlindi.probes import ProbeResult
from umlindi.watch.models import Spell
from umlindi.watch.rules.clocks import TICK
from umlindi.watch.rules.conditions import Condition
from umlindi.watch.services.standings import Recorded, Turn


def waves(turns: Iterable[Turn]) -> Iterator[list[Turn]]:
    """The turns in order, so that no part holds two of one interface."""
    by_interface: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        by_interface[turn.interface].append(turn)
    for wave in zip_longest(*by_interface.values()):
        yield [turn for turn in wave if turn is not None]


def turn_spells(turns: Sequence[Turn], explained: Mapping[Recorded, ProbeResult]) -> None:
    """End the open spells and open the next, at the moment of each turn. At most one turn of an interface.

    A turn within one condition, such as another cause of the same failure, brings the open spell its evidence.
    """
    keys = [turn.interface for turn in turns]
    spells = Spell.objects.select_for_update().filter(interface__in=keys, until=None).order_by("pk")
    opened = {spell.interface_id: spell for spell in spells}
    for turn in turns:
        if (spell := opened.get(turn.interface)) and spell.since > turn.since:
            _rewind(spell, turn)
    ended = [spell for turn in turns if (spell := opened.get(turn.interface)) and _ends(spell, turn, explained)]
    Spell.objects.bulk_update(opened.values(), ["condition", "since", "until", "probed_at", "result"])
    over = {spell.interface_id for spell in ended}
    Spell.objects.bulk_create(
        [_opened(turn, explained) for turn in turns if turn.interface in over or turn.interface not in opened]
    )


def _rewind(spell: Spell, turn: Turn) -> None:
    """A spell that began after what ends it: the clock was set back. It keeps a moment, where history has room."""
    since = turn.since - TICK
    if not Spell.objects.filter(interface=turn.interface, until__gt=since).exists():
        spell.since = since


def _ends(spell: Spell, turn: Turn, explained: Mapping[Recorded, ProbeResult]) -> bool:
    """Whether a new spell follows. One that would have lasted no time becomes the next itself."""
    if spell.condition != turn.condition and turn.since > spell.since:
        spell.until = turn.since
        return True
    spell.condition = turn.condition
    spell.probed_at = turn.answer.at
    spell.result = _evidence(turn, explained)
    return False


def _opened(turn: Turn, explained: Mapping[Recorded, ProbeResult]) -> Spell:
    return Spell(
        interface_id=turn.interface,
        condition=turn.condition,
        since=turn.since,
        probed_at=turn.answer.at,
        result=_evidence(turn, explained),
    )


def _evidence(turn: Turn, explained: Mapping[Recorded, ProbeResult]) -> dict[str, object]:
    """The answer that made it so. Where silence did, nothing was answered."""
    if turn.condition is Condition.UNKNOWN and turn.answer.condition is not Condition.UNKNOWN:
        return {}
    return explained.get(turn.answer, turn.answer.result).to_json()
