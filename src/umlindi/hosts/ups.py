"""Probing a power supply through NUT's upsd (Network UPS Tools, network protocol: developer guide, chapter 9)."""

from __future__ import annotations

import asyncio
import re
import shlex
from dataclasses import dataclass

from umlindi.probes import Deadline, Fault, Ladder, Layer, Permanent, ProbeResult, Retriable, Severity
from umlindi.probes.errors import os_fault
from umlindi.probes.transport import Reached, looks_like, place, reach, skip_all

_UPPER = [("connect", Layer.APPLICATION), ("status", Layer.HOST), ("battery", Layer.HOST)]
_LONGEST_ANSWER = 256 * 1024
_UPS_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# Errors of upsd (the same guide, 9.2) that an administrator meets.
ERRORS = {
    "ACCESS-DENIED": "upsd does not admit this machine",
    "UNKNOWN-UPS": "upsd knows no power supply of that name",
    "DATA-STALE": "upsd has lost touch with the power supply",
    "DRIVER-NOT-CONNECTED": "the driver of the power supply does not run",
    "UNKNOWN-COMMAND": "upsd does not know that command",
    "INVALID-ARGUMENT": "upsd does not accept that argument",
}
_RETRIABLE_ERRORS = frozenset({"DATA-STALE", "DRIVER-NOT-CONNECTED"})
# Flags of ups.status, worst first: what they mean for the ones who depend on it.
_FLAGS = {
    "FSD": (Severity.FAILED, "shutdown", "the power supply is about to be switched off"),
    "LB": (Severity.FAILED, "low-battery", "the battery is nearly empty"),
    "OFF": (Severity.FAILED, "off", "the power supply gives no power"),
    "OB": (Severity.DEGRADED, "on-battery", "mains power is lost"),
    "OVER": (Severity.DEGRADED, "overload", "more is connected than it can carry"),
    "BYPASS": (Severity.DEGRADED, "bypass", "it passes mains power through unprotected"),
}


@dataclass(frozen=True, slots=True)
class UpsTarget:
    """An upsd. `ups` may be left out where it looks after one power supply only."""

    host: str
    port: int = 3493
    ups: str | None = None
    samples: int = 3

    def __post_init__(self) -> None:
        if self.ups is not None and not _UPS_NAME.fullmatch(self.ups):
            raise ValueError("the name of a power supply has letters, digits, dots, hyphens and underscores")


async def probe(target: UpsTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, tcp, connect (does upsd answer and know the power supply), status, battery."""
    where = place(target.host, target.port)
    ladder = Ladder("ups", f"{target.ups}@{where}" if target.ups else where)
    peer = await reach(ladder, target.host, target.port, deadline, samples=target.samples)
    variables = await _connect(ladder, peer, target.ups, deadline) if peer else None
    if variables is None:
        skip_all(ladder, _UPPER[1 if peer else 0 :])
        return ladder.result()
    ladder.facts.update({name: variables[name] for name in ("ups.mfr", "ups.model") if name in variables})
    _status(ladder, variables)
    _battery(ladder, variables)
    return ladder.result()


async def _connect(ladder: Ladder, peer: Reached, wanted: str | None, deadline: Deadline) -> dict[str, str] | None:
    with ladder.step("connect", Layer.APPLICATION) as rung:
        try:
            async with deadline.guard(Layer.APPLICATION, "waiting for upsd"), peer.open(deadline) as (reader, writer):
                conversation = _Conversation(reader, writer)
                ups = wanted or _only(await conversation.listed("UPS"))
                listed = await conversation.listed(f"VAR {ups}")
        except OSError as error:
            raise os_fault(error, "waiting for upsd") from error
        rung.says("", ups, ups=ups, variables=len(listed))
        # VAR <ups> <name> "<value>"
        return {words[2]: words[3] for words in listed if len(words) == 4}
    return None


def _only(listed: list[list[str]]) -> str:
    """The one power supply of a `LIST UPS`."""
    names = [words[1] for words in listed if len(words) > 1]
    if not names:
        raise Permanent(Layer.APPLICATION, "NO-UPS", "upsd looks after no power supply")
    if len(names) > 1:
        meaning = f"upsd looks after several; name one of {', '.join(names)}"
        raise Permanent(Layer.APPLICATION, "AMBIGUOUS", meaning, names=names)
    return names[0]


class _Conversation:
    """Asks upsd for lists, line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._received = 0

    async def listed(self, what: str) -> list[list[str]]:
        """The words of each line between `BEGIN LIST` and `END LIST`."""
        self._writer.write(f"LIST {what}\n".encode("ascii"))
        await self._writer.drain()
        if (first := await self._line()) != ["BEGIN", "LIST", *what.split()]:
            raise _refusal(first)
        lines: list[list[str]] = []
        while (words := await self._line())[:2] != ["END", "LIST"]:
            lines.append(words)
        return lines

    async def _line(self) -> list[str]:
        try:
            raw = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            raise _broken_off(error.partial) from error
        except asyncio.LimitOverrunError as error:
            raise _not_nut(b"") from error
        self._received += len(raw)
        if self._received > _LONGEST_ANSWER:
            raise Permanent(Layer.APPLICATION, "TOO-LARGE", "the answer of upsd does not end", bound=_LONGEST_ANSWER)
        try:
            return shlex.split(raw.decode("utf-8"))
        except ValueError as error:
            raise _not_nut(raw) from error


def _refusal(words: list[str]) -> Fault:
    if len(words) < 2 or words[0] != "ERR":
        return _not_nut(" ".join(words).encode())
    kind = Retriable if words[1] in _RETRIABLE_ERRORS else Permanent
    return kind(Layer.APPLICATION, f"ERR {words[1]}", ERRORS.get(words[1], "upsd refuses"))


def _broken_off(partial: bytes) -> Fault:
    if partial:
        return _not_nut(partial)
    return Retriable(Layer.APPLICATION, "CLOSED", "the peer closed the connection without answering")


def _not_nut(data: bytes) -> Fault:
    kind = looks_like(data)
    return Permanent(Layer.APPLICATION, "NOT-NUT", f"the answer is not NUT's protocol but {kind}", looks_like=kind)


def _status(ladder: Ladder, variables: dict[str, str]) -> None:
    """Evidence: `flags` as NUT writes them (OL, OB, LB…), `runtime_s` and `charge` where told."""
    flags = variables.get("ups.status", "").split()
    evidence = {"flags": flags, **_reserve(variables)}
    worst = next((flag for flag in _FLAGS if flag in flags), None)
    with ladder.step("status", Layer.HOST) as rung:
        if worst is None and "OL" not in flags:
            raise Retriable(Layer.HOST, "unknown-status", "upsd does not tell whether mains power is on", **evidence)
        if worst is None:
            rung.says("", "on mains power", **evidence)
            return
        severity, code, meaning = _FLAGS[worst]
        told = f"{meaning}{_for_how_long(variables)}"
        # A battery that is low but charging threatens nobody yet.
        if severity is Severity.FAILED and not (worst == "LB" and "OL" in flags):
            raise Retriable(Layer.HOST, code, told, **evidence)
        rung.complains(code, told, **evidence)


def _battery(ladder: Ladder, variables: dict[str, str]) -> None:
    reserve = _reserve(variables)
    replace = "RB" in variables.get("ups.status", "").split()
    if not reserve and not replace:
        ladder.skip("battery", Layer.HOST, "the power supply does not tell")
        return
    with ladder.step("battery", Layer.HOST) as rung:
        if replace:
            rung.complains("replace-battery", "the power supply asks for a new battery", **reserve)
        else:
            rung.says("", ", ".join(f"{name} {value:g}" for name, value in reserve.items()), **reserve)


def _reserve(variables: dict[str, str]) -> dict[str, float]:
    """`charge` in percent and `runtime_s`, where told."""
    named = {"charge": "battery.charge", "runtime_s": "battery.runtime"}
    return {key: value for key, name in named.items() if (value := _number(variables.get(name))) is not None}


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d+(\.\d+)?", text) else None


def _for_how_long(variables: dict[str, str]) -> str:
    runtime = _reserve(variables).get("runtime_s")
    return "" if runtime is None else f"; the battery lasts {runtime / 60:.0f} minutes"
