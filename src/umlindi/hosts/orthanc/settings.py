"""Reading Orthanc's configuration: JSON with comments, one file or a folder merged (Orthanc Book, "Configuration")."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

# A string is matched first, so that // within a URL is no comment.
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


class NotSettings(ValueError):
    """The file cannot be read as an Orthanc configuration; the text names the file, never its content."""


def load(path: Path) -> dict[str, Any]:
    """The settings in a file, or in every `.json` of a folder in the order of their names. Raises `NotSettings`."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise NotSettings(f"{path} holds no .json file")
    settings: dict[str, Any] = {}
    for file in files:
        settings |= _one(file)
    return settings


def _one(file: Path) -> dict[str, Any]:
    try:
        settings = json.loads(without_comments(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise NotSettings(f"{file} cannot be read as JSON with comments") from error
    if not isinstance(settings, dict):
        raise NotSettings(f"{file} does not hold a JSON object")
    return settings


def without_comments(text: str) -> str:
    """JSON with its comments taken out; strings stay as they are."""
    return _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)
