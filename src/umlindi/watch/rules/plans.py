"""What is asked of an interface how often: a quick look, the full ladder, and the canary's round trip.

Pure. The presets of each kind stand beside its settings, in `estate.rules.interfaces`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from umlindi.estate.rules.interfaces import ANSWERS_TO_TURN, INTERVALS_S

CANARY_STEPS = frozenset({"store", "move", "get", "wado"})
"""Steps that an interface's partners may need, and that only the canary study shows."""

SOON = timedelta(seconds=10)
"""A first answer against what we hold true is asked again within this, or a third of the plan's interval."""

TROUBLED = timedelta(minutes=1)
"""What is in trouble is asked this often, or every fifteenth part of its plan's interval, whichever is longer, so that
the end of a trouble that only a slow plan can see does not wait for that plan's turn."""
_TROUBLED_SHARE = 15
_SPREAD = 0.1


class Plan(StrEnum):
    """One part of an interface's ladder with an interval of its own."""

    QUICK = "quick"
    FULL = "full"
    CANARY = "canary"


_SETTING = {Plan.FULL: "full_interval", Plan.CANARY: "canary_interval"}

# A scanner in use has few associations to give away, and a workstation is switched off at night.
_GENTLE = {Plan.QUICK: 60, Plan.FULL: 3600, Plan.CANARY: 3600}
_GENTLER = {"modality": _GENTLE, "workstation": _GENTLE}


def plans_of(kind: str, settings: Mapping[str, Any], system_kind: str = "") -> dict[Plan, timedelta]:
    """The plans of an interface and their intervals.

    `interval` is that of the quickest plan, and the presets of the others are never below it. A quick look that would
    come no more often than the full ladder is left out. There is a canary only where its partners need storing or
    retrieving. `system_kind` is the kind of the system it belongs to: some have presets of their own.
    """
    presets = {Plan(plan): seconds for plan, seconds in INTERVALS_S[kind].items()}
    if Plan.QUICK in presets:
        presets |= _GENTLER.get(system_kind, {})
    if not CANARY_STEPS & set(settings.get("expect", ())):
        presets.pop(Plan.CANARY, None)
    quickest, usual = next(iter(presets.items()))
    at_most = settings.get("interval") or usual
    seconds = {plan: settings.get(_SETTING.get(plan, "")) or max(preset, at_most) for plan, preset in presets.items()}
    seconds[quickest] = at_most
    if seconds.get(Plan.QUICK, 0) >= seconds[Plan.FULL]:
        del seconds[Plan.QUICK]
    return {plan: timedelta(seconds=one) for plan, one in seconds.items()}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many answers in a row it takes to believe that something failed, and that it is mended."""

    fail_after: int = ANSWERS_TO_TURN
    recover_after: int = ANSWERS_TO_TURN


def thresholds_of(settings: Mapping[str, Any]) -> Thresholds:
    """An interface's own, or the house's."""
    return Thresholds(settings.get("fail_after", ANSWERS_TO_TURN), settings.get("recover_after", ANSWERS_TO_TURN))


def next_due(began: datetime, interval: timedelta, *, turning: bool, troubled: bool, spread: float) -> datetime:
    """When a plan is asked again after an answer to a probe that began then.

    `turning`: the answer is against what we hold true, and is confirmed or denied soon. `troubled`: the plan does not
    stand up, or flaps. `spread`, from 0 to 1, moves the moment by up to ±5 % so that an estate does not beat in time.
    """
    if turning:
        return began + min(SOON, interval / 3)
    wait = min(interval, max(TROUBLED, interval / _TROUBLED_SHARE)) if troubled else interval
    return began + wait * (1 - _SPREAD / 2 + _SPREAD * spread)
