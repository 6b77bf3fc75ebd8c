"""What each kind of interface needs to be probed: its fields, and the settings its probe knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from umlindi.estate.rules.readers import Reader, Wrong, choices, flag, nearest, number, shown, text

ADDRESS = ("host", "port", "called", "calling", "url", "credential")


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `settings`. `help` is shown beside its field."""

    read: Reader
    help: str


@dataclass(frozen=True, slots=True)
class InterfaceKind:
    """`required` and `optional` name fields of ADDRESS; what is in neither does not apply to the kind."""

    label: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(name for name in ADDRESS if name in self.required + self.optional)


def _words(*words: str) -> Reader:
    return partial(choices, known={word: word for word in words})


def _number(low: float, high: float, unit: str = "", whole: bool = False) -> Callable[[Any], Any]:
    return partial(number, low=low, high=high, unit=unit, whole=whole)


_TEXT = partial(text, at_most=500)
_MESSAGE = partial(text, at_most=8000, lines=True)

_TLS = {
    "tls": Setting(flag, "Speak TLS to this port"),
    "server_name": Setting(_TEXT, "The name its certificate must carry, where it is not the host"),
}
_PATIENCE = {"timeout": Setting(_number(1, 120, "s"), "Seconds the whole probe may take")}
_CERTIFICATE = {
    "warn_days": Setting(_number(0, 400, "days", whole=True), "Days before expiry from which it is a worry")
}

KINDS: dict[str, InterfaceKind] = {
    "dicom": InterfaceKind(
        "DICOM",
        required=("host", "port", "called", "calling"),
        settings={
            "expect": Setting(
                _words("echo", "find", "worklist", "store", "move", "get"),
                "What this peer must do, and the probe therefore climbs to",
            ),
            **_TLS,
            **_PATIENCE,
        },
    ),
    "dicomweb": InterfaceKind("DICOMweb", required=("url",), optional=("credential",), settings=_PATIENCE),
    "web": InterfaceKind("HTTP", required=("url",), optional=("credential",), settings=_PATIENCE),
    "hl7": InterfaceKind(
        "HL7 (MLLP)",
        required=("host", "port"),
        settings={
            "message": Setting(_MESSAGE, "The test message to send; without one, a query that carries no patient"),
            **_TLS,
            **_PATIENCE,
        },
    ),
    "tls": InterfaceKind(
        "TLS certificate",
        required=("host", "port"),
        settings={"server_name": _TLS["server_name"], **_CERTIFICATE, **_PATIENCE},
    ),
    "sql": InterfaceKind(
        "Database",
        required=("url",),
        optional=("credential",),
        settings={"query": Setting(_TEXT, "A SELECT whose answer shows the database works"), **_PATIENCE},
    ),
    "host": InterfaceKind("Host metrics", required=(), optional=("url", "credential"), settings=_PATIENCE),
    "time": InterfaceKind("Time (NTP)", required=("host",), optional=("port",), settings=_PATIENCE),
    "ups": InterfaceKind("UPS (NUT)", required=("host",), optional=("port", "credential"), settings=_PATIENCE),
    "orthanc": InterfaceKind("Orthanc REST", required=("url",), optional=("credential",), settings=_PATIENCE),
}


def read_settings(kind: str, raw: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The settings of an interface of that kind, and what is wrong: (key, why). Empty values are left out."""
    if not isinstance(raw, Mapping):
        return {}, [("", f"expects keys with values, not {shown(raw)}")]
    known = KINDS[kind].settings
    settings: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for key, given in raw.items():
        if key not in known:
            wrong.append((str(key), _unknown(kind, str(key))))
            continue
        try:
            value = known[key].read(given)
        except Wrong as error:
            wrong.append((key, str(error)))
            continue
        settings |= {} if value in (None, "", []) else {key: value}
    return settings, wrong


def _unknown(kind: str, key: str) -> str:
    known = KINDS[kind].settings
    near = nearest(key, known) or f"; known are {', '.join(known)}"
    return f"{shown(key)} is not a setting of {KINDS[kind].label}{near}"


def check_address(values: Mapping[str, Any], given: frozenset[str]) -> list[tuple[str, str]]:
    """What the kind requires and is missing, and what was given that the kind does not have: (field, why)."""
    kind = KINDS[values["kind"]]
    missing = [(name, f"a {kind.label} interface needs it") for name in kind.required if not values.get(name)]
    foreign = [
        (name, f"a {kind.label} interface has none; it has {', '.join(kind.used)}")
        for name in ADDRESS
        if name in given and name not in kind.used and values.get(name)
    ]
    return missing + foreign
