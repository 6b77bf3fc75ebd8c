"""What each kind of interface needs to be probed: its fields, and the settings its probe knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from umlindi.estate.rules.addresses import host, url
from umlindi.estate.rules.readers import (
    Reader,
    Wrong,
    ae_title,
    choices,
    code_strings,
    flag,
    nearest,
    number,
    port,
    shown,
    text,
)

ADDRESS = ("host", "port", "called", "calling", "url", "credential")


INTERVAL_S = 300
DEADLINE_S = 20
"""Seconds between two probes, and that one probe may take, where nothing says."""

INTERVALS_S: dict[str, dict[str, int]] = {
    "dicom": {"quick": 30, "full": 900, "canary": 3600},
    "dicomweb": {"full": 60},
    "web": {"full": 60},
    "hl7": {"full": 60},
    "tls": {"full": 900},
    "sql": {"full": 60},
    "host": {"full": 60},
    "time": {"full": 300},
    "ups": {"full": 60},
    "orthanc": {"full": 300},
}
"""Seconds between two probes, by kind and by how far they go. `quick` ends at the lowest rung that shows life, `full`
leaves out the canary study alone; a kind whose whole ladder is cheap has only that."""
ANSWERS_TO_TURN = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `settings`. `help` is shown beside its field; `usual` is what holds where it is left out.

    `words` are all it may be, where it is a choice of several.
    """

    read: Reader
    help: str
    usual: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InterfaceKind:
    """`required` and `optional` name fields of ADDRESS; what is in neither does not apply to the kind.

    `about` says what a probe of this kind asks, for who chooses one. `first` names the settings that most need.
    """

    label: str
    about: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict)
    first: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(name for name in ADDRESS if name in self.required + self.optional)


def _words(*words: str, about: str, usual: str) -> Setting:
    return Setting(partial(choices, known={word: word for word in words}), about, usual, words)


def _number(low: float, high: float, unit: str = "", whole: bool = False) -> Reader:
    return partial(number, low=low, high=high, unit=unit, whole=whole)


_TEXT = partial(text, at_most=500)

_SECONDS = _number(10, 86_400, "s")
_ANSWERS = _number(1, 10, "answers", whole=True)
_MORE_OFTEN = {
    "full": ("full_interval", "Seconds between two probes of everything its partners need, without the canary"),
    "canary": ("canary_interval", "Seconds between two round trips of the canary study"),
}


def _always(kind: str) -> dict[str, Setting]:
    """How often, how long and how surely: what every kind has."""
    quickest, *others = INTERVALS_S[kind].items()
    more = {_MORE_OFTEN[plan][0]: Setting(_SECONDS, _MORE_OFTEN[plan][1], f"{usual} s") for plan, usual in others}
    again = "Bad answers in a row until it counts as failed", "Good answers in a row until it counts as mended"
    return {
        "interval": Setting(_SECONDS, "Seconds between two probes", f"{quickest[1]} s"),
        **more,
        "timeout": Setting(_number(1, 300, "s"), "Seconds one probe may take as a whole", f"{DEADLINE_S} s"),
        "fail_after": Setting(_ANSWERS, again[0], f"{ANSWERS_TO_TURN}"),
        "recover_after": Setting(_ANSWERS, again[1], f"{ANSWERS_TO_TURN}"),
    }


_TRUST = {
    "verify": Setting(flag, "Whether its certificate must be trusted", "yes"),
    "server_name": Setting(_TEXT, "The name its certificate must carry", "the host"),
    "ca_file": Setting(_TEXT, "PEM file on this server with the roots to trust", "the machine's own roots"),
    "certificate": Setting(_TEXT, "PEM file on this server with the certificate we show", "none"),
    "key": Setting(_TEXT, "PEM file on this server with its key", "none"),
}
_TLS = {"tls": Setting(flag, "Whether to speak TLS to this port", "no")} | _TRUST
_DICOM = {
    "expect": _words(
        *("echo", "find", "worklist", "store", "move", "get", "wado"),
        about="What its partners need of it: the probe goes that far. Store and retrieval use a canary study",
        usual="echo",
    ),
    "modalities": Setting(code_strings, "Modalities that must have a worklist item, such as CT, MR", "none"),
    "move_ae": Setting(ae_title, "AE title by which it knows our listener", "the calling one"),
    "move_host": Setting(host, "Address on which we listen for what it sends", "every address of this server"),
    "move_port": Setting(port, "Port on which we listen for what it sends; its own list must name it", "any free one"),
    "wado": Setting(url, "To retrieve the canary by WADO-RS"),
    "orthanc": Setting(url, "To remove the canary"),
}
_STATUS = {"expect_status": Setting(_number(100, 599, whole=True), "The only HTTP status that counts as well")}
_HL7 = {
    "message": Setting(partial(text, at_most=8000, lines=True), "The message to send", "a query without a patient"),
    "expect_ack": _words(
        "AA", "CA", "AE", "CE", "AR", "CR", about="The MSA-1 codes that count as well", usual="AA, CA"
    ),
}
_ORTHANC = {
    "name": Setting(_TEXT, "The name its /system must tell"),
    "called": Setting(ae_title, "The AE title its /system must tell"),
    "settings_file": Setting(_TEXT, "Its configuration, a file or folder on this server"),
}

KINDS: dict[str, InterfaceKind] = {
    "dicom": InterfaceKind(
        "DICOM",
        "An application entity: echo, query, worklist, store, retrieve",
        ("host", "port", "called", "calling"),
        (),
        _DICOM | _TLS | _always("dicom"),
        first=("expect",),
    ),
    "dicomweb": InterfaceKind(
        "DICOMweb",
        "A QIDO-RS and WADO-RS root",
        ("url",),
        ("credential",),
        {"study": Setting(_TEXT, "Study Instance UID to read", "any"), **_STATUS, **_TRUST, **_always("dicomweb")},
    ),
    "web": InterfaceKind(
        "HTTP", "A web page or service that must answer", ("url",), ("credential",), _STATUS | _TRUST | _always("web")
    ),
    "hl7": InterfaceKind(
        "HL7 (MLLP)", "A listener that must acknowledge messages", ("host", "port"), (), _HL7 | _TLS | _always("hl7")
    ),
    "tls": InterfaceKind(
        "TLS certificate",
        "Its chain, its name and its last day",
        ("host", "port"),
        (),
        {
            "server_name": _TRUST["server_name"],
            "ca_file": _TRUST["ca_file"],
            "warn_days": Setting(
                _number(0, 400, "days", whole=True), "Days before expiry from which it is a worry", "30"
            ),
            **_always("tls"),
        },
        first=("warn_days",),
    ),
    "sql": InterfaceKind(
        "Database",
        "A connection, a round trip, a query",
        ("url",),
        ("credential",),
        {"query": Setting(_TEXT, "A SELECT whose answer shows that the database works"), **_always("sql")},
        first=("query",),
    ),
    "host": InterfaceKind(
        "Host metrics",
        "Processor, memory and every disk: this machine, or an exporter's page",
        (),
        ("url", "credential"),
        _always("host"),
    ),
    "time": InterfaceKind("Time (NTP)", "How far a clock is off", ("host",), ("port",), _always("time")),
    "ups": InterfaceKind(
        "UPS (NUT)",
        "Mains or battery, and how long it lasts",
        ("host",),
        ("port",),
        {"ups": Setting(_TEXT, "Which power supply, where upsd has several", "the only one"), **_always("ups")},
        first=("ups",),
    ),
    "orthanc": InterfaceKind(
        "Orthanc REST",
        "Who it is, what it holds, and dangerous settings",
        ("url",),
        ("credential",),
        _ORTHANC | _TRUST | _always("orthanc"),
    ),
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
