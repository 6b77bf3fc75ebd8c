"""What is sent."""

from __future__ import annotations

from dataclasses import dataclass

from umlindi.oncall.rules.severity import Severity


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `key` names it for ever; `text` is plain and holds no patient's data (law 6); `url` tells more."""

    key: str
    subject: str
    text: str
    url: str
    severity: Severity
