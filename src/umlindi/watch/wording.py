"""What a failing step means in the words of the person who rings: "refuses every retrieve"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FLAPS = "comes and goes"
"""Of a peer whose newest answer is good, and which flaps."""

_BY_STEP_AND_CODE = {
    ("settings", "probe-broke"): "cannot be probed: our own probe broke",
    ("tcp", "ECONNREFUSED"): "refuses connections",
    ("tcp", "TIMEOUT"): "does not answer on the network",
    ("tcp", "EHOSTUNREACH"): "cannot be reached",
    ("tcp", "ENETUNREACH"): "cannot be reached",
    ("association", "TIMEOUT"): "accepts connections and never answers",
    ("association", "GARBAGE"): "answers, but not in DICOM",
    ("association", "RJ 1/1/7"): "does not know the AE title it is called by",
    ("association", "RJ 1/1/3"): "does not know our AE title",
    ("association", "RJ 2/3/1"): "is too busy for another association",
    ("association", "RJ 2/3/2"): "is too busy for another association",
    ("store", "A700"): "cannot store: out of resources",
    ("move", "A801"): "refuses every retrieve",
    ("move", "SLOW"): "is slow to send images back",
    ("get", "SLOW"): "is slow to send images back",
    ("wado", "SLOW"): "is slow to send images over the web",
    ("message", "TIMEOUT"): "takes messages and never acknowledges them",
    ("expiry", "certificate-expired"): "has an expired certificate",
    ("expiry", "expires-soon"): "has a certificate near its end",
    ("handshake", "not-tls"): "does not speak TLS",
    ("identity", "wrong-identity"): "is not the server it should be",
    ("status", "on-battery"): "runs on battery",
    ("battery", "low-battery"): "is near the end of its battery",
}
_BY_STEP = {
    "settings": "cannot be probed as it is set up",
    "resolve": "has a name that leads nowhere",
    "tcp": "cannot be reached",
    "tls": "does not complete the TLS handshake",
    "handshake": "does not complete the TLS handshake",
    "chain": "has a certificate nobody vouches for",
    "name": "has a certificate for another name",
    "expiry": "has a certificate outside its dates",
    "versions": "still speaks an outdated TLS",
    "association": "refuses the association",
    "echo": "does not answer C-ECHO",
    "capabilities": "does not tell what it accepts",
    "find": "refuses queries",
    "worklist": "gives no worklist",
    "store": "refuses images",
    "move": "fails to send images back",
    "get": "fails to send images back",
    "wado": "fails to send images over the web",
    "remove": "kept the canary",
    "http": "does not answer its web requests",
    "qido": "refuses web queries",
    "message": "rejects messages",
    "connect": "does not accept connections",
    "roundtrip": "accepts connections and does not answer",
    "query": "fails its query",
    "read": "gives no metrics",
    "cpu": "is short of processor",
    "memory": "is short of memory",
    "offset": "has a clock that is off",
    "status": "reports a power problem",
    "battery": "reports a battery problem",
    "statistics": "gives no statistics",
}


def headline(step: Mapping[str, Any] | None) -> str:
    """The predicate of a fault's heading, from its first failing step as the JSON contract has it."""
    if step is None:
        return "has not been heard from"
    name, code = step["step"], step["code"]
    if name.startswith("disk:"):
        return f"has its disk {name.removeprefix('disk:')} {_full(step)}"
    if name.startswith("hazard:"):
        return f"has a dangerous setting: {name.removeprefix('hazard:').replace('-', ' ')}"
    if (name, code) == ("worklist", "EMPTY"):
        return f"has no order for {_missing(step)}"
    return _BY_STEP_AND_CODE.get((name, code)) or _BY_STEP.get(name, f"fails at {name}")


def _missing(step: Mapping[str, Any]) -> str:
    missing = step["evidence"].get("missing")
    return " and ".join(missing) if missing else "a modality"


def _full(step: Mapping[str, Any]) -> str:
    share = step["evidence"].get("used_share")
    return f"{share * 100:.0f} % full" if isinstance(share, float) else "nearly full"


def first_failure(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The lowest failing step of a stored result, the worst severity first; None where all went well."""
    failed = [step for step in result.get("steps", []) if step["state"] == "failed"]
    return next((step for step in failed if step["severity"] == "failed"), failed[0] if failed else None)
