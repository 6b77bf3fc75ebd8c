"""Settings and planned changes in the few words by which a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from umlindi.estate.rules.addresses import whole_address

_AT_MOST = 80
_ARROW = " → "


def tell_settings(settings: Mapping[str, Any]) -> str:
    """An interface's settings on one line, numbers of seconds with their unit."""
    return " · ".join(_setting(key, value) for key, value in settings.items())


def _setting(key: str, value: Any) -> str:
    match key:
        case "interval":
            return f"every {tell(value)} s"
        case "full_interval" | "canary_interval":
            return f"{key.removesuffix('_interval')} every {tell(value)} s"
        case "timeout":
            return f"timeout {tell(value)} s"
    return f"{key.replace('_', ' ')} {tell(value)}"


def tell(value: Any) -> str:
    """A field's value, short and on one line."""
    if value in (None, "", {}, []):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return tell_settings(value)
    text = ", ".join(map(str, value)) if isinstance(value, list) else " ".join(str(value).split())
    return text if len(text) <= _AT_MOST else text[:_AT_MOST] + "…"


def tell_new(kind: str, row: Mapping[str, Any]) -> str:
    """What a row to be added is: an interface by its address, others by name. A dependency's path says all there is."""
    match kind:
        case "interface":
            return whole_address(row["called"], row["host"], row["port"], row["url"]) or "this machine"
        case "system":
            return " · ".join(filter(None, (tell(row["name"]), row["kind"], row["modality"])))
        case "contact":
            return " · ".join(filter(None, (row["role"], row["phone"], row["email"])))
        case "dependency":
            return ""
    return tell(row["name"])


def tell_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Each field that differs, from what to what."""
    return " · ".join(f"{name.replace('_', ' ')} {tell(before[name])}{_ARROW}{tell(after[name])}" for name in after)
