"""The verbs of watch: record an answer, run and sign a morning check, ask for a probe now."""

from umlindi.watch.services.checks import (
    AlreadySigned,
    NotFinished,
    Unnamed,
    add_lines,
    finish_check,
    lines_of,
    sign,
    start_check,
)
from umlindi.watch.services.observing import observe
from umlindi.watch.services.turns import ask_now, claim_due, finish_turn, give_turns

__all__ = [
    "AlreadySigned",
    "NotFinished",
    "Unnamed",
    "add_lines",
    "ask_now",
    "claim_due",
    "finish_check",
    "finish_turn",
    "give_turns",
    "lines_of",
    "observe",
    "sign",
    "start_check",
]
