"""Configuration errors, told before anything serves: `umlindi` commands, migrate and the test suite run them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured


@register(Tags.security)
def secrets_are_there(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Both secrets; without them sessions could be forged and the audit trail rewritten."""
    missing = missing_secrets()
    return [Error(missing, id="umlindi.E001")] if missing else []


@register(Tags.files)
def home_is_usable(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The home is a folder we may write to."""
    home: Path = settings.UMLINDI_HOME
    if not home.is_dir() or not os.access(home, os.W_OK):
        return [Error(f"The home folder {home} is missing or read-only: set UMLINDI_HOME.", id="umlindi.E002")]
    return []


def missing_secrets() -> str:
    """One sentence that names what is missing, or nothing."""
    names = [name for name in ("secret_key", "audit_key") if not _setting(name.upper())]
    if not names:
        return ""
    places = " and ".join(f"secrets/{name} (or UMLINDI_{name.upper()})" for name in names)
    return f"The home folder {settings.UMLINDI_HOME} lacks {places}: `umlindi up` makes them, or name the right home."


def _setting(name: str) -> str:
    try:
        value: str = getattr(settings, name)
    except ImproperlyConfigured:
        return ""
    return value
