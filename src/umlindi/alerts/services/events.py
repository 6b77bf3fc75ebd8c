"""An alert's timeline."""

from __future__ import annotations

from datetime import datetime

from umlindi.alerts.models import Alert, AlertEvent

Kind = AlertEvent.Kind


def note(alert: Alert, kind: AlertEvent.Kind, at: datetime, text: str = "", actor: str = "") -> None:
    """Write one line, in the caller's transaction."""
    AlertEvent.objects.create(alert=alert, kind=kind, at=at, text=text, actor=actor[:200])
