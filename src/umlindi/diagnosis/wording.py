"""Fills the named placeholders of a rule's texts: `{called}`, `{port}`, `{used_percent}`.

Only the names listed here exist; a value is inserted once, as plain text, and never read as a template.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from umlindi.diagnosis.rules import number, numbers
from umlindi.probes import ProbeResult, Step

LONGEST_VALUE = 120

# What stands there where nothing is known, so that the sentence still reads. None: only in an optional part.
DEFAULTS: dict[str, str | None] = {
    "target": "the peer",
    "host": "the peer",
    "port": None,
    "called": None,
    "calling": None,
    "caller": "the caller",
    "destination": None,
    "listener_port": None,
    "told_title": None,
    "sent": None,
    "control_id": None,
    "carries": "no patient",
    "location": None,
    "error": None,
    "address": None,
    "expected": None,
    "found": None,
    "sop_class": "the one that was proposed",
    "code": "a negative answer",
    "meaning": "something unexpected",
    "mount": "the file system",
    "name": None,
    "days_left": "a few",
    "offset_s": "many",
    "used_percent": None,
    "median_ms": "about 40",
    "retrieve_s": "many",
    "instances": None,
    "failed": None,
    "missing": "this question",
}
_ALIASES = {
    "called": ("called", "called_ae", "called_aet"),
    "calling": ("calling", "calling_ae", "calling_aet"),
    "destination": ("destination", "move_destination"),
    "caller": ("calling", "calling_ae", "calling_aet"),
    "name": ("name", "subject", "server_name", "aet"),
    "address": ("address", "ip"),
}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# `[ port {port}]` stands only where its placeholder is known.
OPTIONAL = re.compile(r"\[([^\[\]]*\{[a-z_]+\}[^\[\]]*)\]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, in a single pass, and with the optional parts that are known."""
    chosen = OPTIONAL.sub(lambda part: part[1] if _known(part[1], values) else "", template)
    text = PLACEHOLDER.sub(lambda found: values.get(found[1]) or DEFAULTS[found[1]] or "", chosen)
    first = PLACEHOLDER.match(chosen)
    return text[:1].upper() + text[1:] if first and first[1] not in values else text


def _known(part: str, values: Mapping[str, str]) -> bool:
    return all(values.get(name) for name in PLACEHOLDER.findall(part))


def values_of(result: ProbeResult, step: Step) -> dict[str, str]:
    """What a result knows for the placeholders: the step first, then the peer's facts, then the target."""
    known: dict[str, Any] = {**_target_parts(result.target), **result.facts, **step.evidence, **_derived(step)}
    named = {name: _first(known, _ALIASES.get(name, (name,))) for name in DEFAULTS}
    return {name: shown(value) for name, value in named.items() if value not in (None, "", [], {})}


def values_beside(result: ProbeResult, context: Sequence[ProbeResult]) -> dict[str, str]:
    """`told_title`: the AE title that an Orthanc's REST interface gives for the port that was probed by another title.

    Several archives may stand in one context, so only the one that names this very DICOM port is believed.
    """
    asked = {"called": result.facts.get("called"), **_target_parts(result.target)}
    told = [
        shown(title)
        for other in context
        if other.probe == "orthanc" and str(other.facts.get("dicom_port")) == asked["port"]
        if (title := other.facts.get("ae_title")) and title != asked["called"]
    ]
    return {"told_title": told[0]} if told and result.probe == "dicom" else {}


def shown(value: object) -> str:
    """A value as it may stand in a sentence: printable, short, figures without noise."""
    if isinstance(value, dict):
        value = [f"{name} {item}" for name, item in value.items()]
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value[:8])
    text = _UNPRINTABLE.sub(" ", str(value)).strip()
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _first(known: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((known[name] for name in names if name in known), None)


def _target_parts(target: str) -> dict[str, str]:
    """`ARCHIVE@10.1.2.3:104` or `https://host/path` as AE title, host and port, as far as it has them."""
    bare = (target.partition("://")[2] or target).partition("/")[0]
    called, _, place = bare.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not (colon and port.isdigit()):
        host, port = place, ""
    return {"target": target, "host": host, "port": port, "called": "" if "://" in target else called}


def _derived(step: Step) -> dict[str, Any]:
    used, last = number(step.evidence.get("used_share")), number(step.evidence.get("last_ms"))
    derived = {
        "code": step.code,
        "meaning": step.meaning,
        "mount": step.step.removeprefix("disk:") if step.step.startswith("disk:") else None,
        "used_percent": None if used is None else round(used * 100),
        "retrieve_s": None if last is None else last / 1000,
        "median_ms": _median(step.evidence.get("per_object_ms")),
    }
    return {name: value for name, value in derived.items() if value is not None}


def _median(found: object) -> float | None:
    figures = numbers(found)
    return statistics.median(figures) if figures else None
