"""What another watcher says, in the shape of Alertmanager's webhook (version 4), which Grafana speaks as well.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. All of it is text of strangers: what is taken
is checked, cut and cleaned here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from umlindi.probes.cleaning import clean_text

ALERTS_AT_MOST = 1000
LABELS_AT_MOST = 50
FINGERPRINT_AT_MOST = 64
FIRST_YEAR, LAST_YEAR = 1971, 2999
DEGRADED = frozenset({"warning", "warn", "minor", "low", "medium", "info", "information", "none"})
SYSTEM_LABELS = ("system", "instance", "host", "hostname", "node")
SUBJECTS = ("system", "instance", "host", "service", "job", "alertname")

Cleaner = Callable[[str], str]


class Malformed(ValueError):
    """What came is no such payload. `place` names the field: "alerts.0.startsAt"."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why


@dataclass(frozen=True, slots=True)
class Said:
    """One alert of another watcher. `names` may name a system of ours, the surest first."""

    fingerprint: str
    firing: bool
    since: datetime
    until: datetime | None
    subject: str
    headline: str
    cause: str
    condition: str
    names: tuple[str, ...]
    labels: Mapping[str, str]


def read(payload: Any, now: datetime, cleaner: Cleaner) -> list[Said]:
    """Every alert of a payload. `cleaner` takes out what looks like a patient. Raises `Malformed`."""
    body = _mapping(payload, "body")
    if "version" in body and str(body["version"]) not in {"4", "1"}:
        raise Malformed("version", "only version 4 is understood")
    alerts = body.get("alerts")
    if not isinstance(alerts, list):
        raise Malformed("alerts", "must be a list")
    if len(alerts) > ALERTS_AT_MOST:
        raise Malformed("alerts", f"at most {ALERTS_AT_MOST} at once")
    return [_alert(alert, f"alerts.{number}", now, cleaner) for number, alert in enumerate(alerts)]


def _alert(given: Any, place: str, now: datetime, cleaner: Cleaner) -> Said:
    alert = _mapping(given, place)
    status = alert.get("status")
    if not isinstance(status, str) or status not in {"firing", "resolved"}:
        raise Malformed(f"{place}.status", "must be firing or resolved")
    raw = _texts(alert.get("labels", {}), f"{place}.labels")
    labels = {clean_text(name): cleaner(clean_text(value)) for name, value in raw.items()}
    notes = _texts(alert.get("annotations", {}), f"{place}.annotations")
    since = _moment(alert.get("startsAt"), f"{place}.startsAt")
    if since is None:
        raise Malformed(f"{place}.startsAt", "must be given")
    name = labels.get("alertname", "")
    return Said(
        fingerprint=_fingerprint(alert.get("fingerprint"), f"{place}.fingerprint"),
        firing=status == "firing",
        since=min(since, now),
        until=_moment(alert.get("endsAt"), f"{place}.endsAt"),
        subject=next((labels[each] for each in SUBJECTS if labels.get(each)), "Another watcher")[:300],
        headline=f"reports {_summary(notes, name, cleaner)}"[:300],
        cause=cleaner(clean_text(notes.get("description", "")))[:300],
        condition="degraded" if labels.get("severity", "").casefold() in DEGRADED else "down",
        names=tuple(clean_text(raw[each]) for each in SYSTEM_LABELS if raw.get(each)),
        labels=labels,
    )


def _summary(notes: Mapping[str, str], name: str, cleaner: Cleaner) -> str:
    summary = cleaner(clean_text(notes.get("summary", "")))
    if name and summary:
        return f"{name}: {summary}"
    return name or summary or "a fault without a name"


def _fingerprint(given: Any, place: str) -> str:
    if not isinstance(given, str) or not given or len(given) > FINGERPRINT_AT_MOST or not given.isalnum():
        raise Malformed(place, f"must be 1 to {FINGERPRINT_AT_MOST} letters and digits")
    return given


def _mapping(given: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise Malformed(place, "must be an object")
    return given


def _texts(given: Any, place: str) -> dict[str, str]:
    mapping = _mapping(given if given is not None else {}, place)
    if len(mapping) > LABELS_AT_MOST:
        raise Malformed(place, f"at most {LABELS_AT_MOST}")
    for name, value in mapping.items():
        if not isinstance(value, str):
            raise Malformed(f"{place}.{clean_text(name)}", "must be text")
    return dict(mapping)


def _moment(given: Any, place: str) -> datetime | None:
    """RFC 3339. None where nothing is given, or Go's zero time, which stands for it."""
    if given in (None, ""):
        return None
    if not isinstance(given, str):
        raise Malformed(place, "must be a time as RFC 3339 has it")
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise Malformed(place, "must be a time as RFC 3339 has it") from error
    if moment.tzinfo is None:
        raise Malformed(place, "must say its offset from UTC")
    if moment.year > LAST_YEAR:
        raise Malformed(place, f"must be before the year {LAST_YEAR + 1}")
    return None if moment.year < FIRST_YEAR else moment.astimezone(UTC)


def host_of(instance: str) -> str:
    """The host of a `host:port`, as the label `instance` has it; an address of IPv6 stands in brackets."""
    if instance.startswith("["):
        return instance[1:].partition("]")[0]
    host, colon, port = instance.rpartition(":")
    return host if colon and port.isdigit() and ":" not in host else instance
