"""Reads of uptime."""

from umlindi.uptime.queries.coverage import Coverage, muting, windows_on

__all__ = ["Coverage", "muting", "windows_on"]
