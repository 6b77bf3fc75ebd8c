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
from umlindi.watch.services.recording import AWAY, Batch, record
from umlindi.watch.services.standings import Recorded
from umlindi.watch.services.turns import Claim, ask_now, claim_due, give_probes, keep_schedule, let_go, probe_soon

__all__ = [
    "AWAY",
    "AlreadySigned",
    "Batch",
    "Claim",
    "NotFinished",
    "Recorded",
    "Unnamed",
    "add_lines",
    "ask_now",
    "claim_due",
    "finish_check",
    "give_probes",
    "keep_schedule",
    "let_go",
    "lines_of",
    "observe",
    "probe_soon",
    "record",
    "sign",
    "start_check",
]
