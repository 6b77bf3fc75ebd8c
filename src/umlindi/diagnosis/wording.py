"""Fills the named placeholders of a rule's texts: `{called}`, `{port}`, `{used_percent}`.

Only the names listed here exist; a value is inserted once, as plain text, and never read as a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from umlindi.diagnosis.rules import median, number
from umlindi.probes import ProbeResult, Step

LONGEST_VALUE = 120

# What stands there where the evidence does not say: the sentence must still read.
DEFAULTS = {
    "target": "the peer",
    "host": "the host",
    "port": "its port",
    "called": "the called AE title",
    "calling": "the calling AE title",
    "destination": "the destination",
    "address": "the address",
    "expected": "what was expected",
    "found": "what was found",
    "sop_class": "that SOP class",
    "transfer_syntax": "that transfer syntax",
    "code": "the status",
    "meaning": "the answer",
    "step": "the step",
    "mount": "the file system",
    "name": "the name",
    "issuer": "the issuer",
    "days_left": "few",
    "offset_s": "several",
    "used_percent": "nearly 100",
    "median_ms": "about 40",
    "retrieve_s": "too many",
    "instances": "some",
    "failed": "some",
    "matches": "no",
}
_ALIASES = {
    "called": ("called", "called_ae", "called_aet"),
    "calling": ("calling", "calling_ae", "calling_aet"),
    "destination": ("destination", "move_destination"),
    "sop_class": ("sop_class", "sop_class_name", "abstract_syntax"),
    "transfer_syntax": ("transfer_syntax", "transfer_syntaxes"),
    "name": ("name", "subject", "server_name", "aet"),
    "address": ("address", "ip"),
    "failed": ("failed", "failed_suboperations"),
}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, in a single pass."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1]) or DEFAULTS.get(found[1], found[0]), template)


def values_of(result: ProbeResult, step: Step) -> dict[str, str]:
    """What a result knows for the placeholders: the step first, then the peer's facts, then the target."""
    known: dict[str, Any] = {**_target_parts(result.target), **result.facts, **step.evidence, **_derived(step)}
    named = {name: _first(known, _ALIASES.get(name, (name,))) for name in DEFAULTS}
    return {name: shown(value) for name, value in named.items() if value not in (None, "", [], {})}


def shown(value: object) -> str:
    """A value as it may stand in a sentence: printable, short, figures without noise."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value[:8])
    text = _UNPRINTABLE.sub(" ", str(value)).strip()
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _first(known: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((known[name] for name in names if name in known), None)


def _target_parts(target: str) -> dict[str, str]:
    """`10.1.2.3:104` or `https://host/path` as host and port, as far as it has them."""
    bare = target.partition("://")[2] or target
    host, colon, port = bare.partition("/")[0].rpartition(":")
    known = {"target": target, "host": host if colon else port}
    return {**known, "port": port} if colon and port.isdigit() else known


def _derived(step: Step) -> dict[str, Any]:
    used, last = number(step.evidence.get("used_share")), number(step.evidence.get("last_ms"))
    derived = {
        "code": step.code,
        "meaning": step.meaning,
        "step": step.step,
        "mount": step.step.removeprefix("disk:") if step.step.startswith("disk:") else None,
        "used_percent": None if used is None else round(used * 100),
        "retrieve_s": None if last is None else last / 1000,
        "median_ms": median(step.evidence.get("per_object_ms"), 1),
    }
    return {name: value for name, value in derived.items() if value is not None}
