"""Reads of uptime. Those that pages show are scoped to their actor; `muting` and `windows_on` are the house's own."""

from umlindi.uptime.queries.coverage import Coverage, muting, windows_on
from umlindi.uptime.queries.drill import Stretch
from umlindi.uptime.queries.figures import availability
from umlindi.uptime.queries.pages import Row, UptimePage, uptime_page
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.queries.subjects import SubjectPage, subject_page
from umlindi.uptime.queries.windows import (
    WindowPage,
    WindowsPage,
    reached,
    window_page,
    windows,
    windows_page,
    zone_of,
)

__all__ = [
    "Asked",
    "Coverage",
    "Row",
    "Stretch",
    "SubjectPage",
    "UptimePage",
    "WindowPage",
    "WindowsPage",
    "availability",
    "muting",
    "reached",
    "subject_page",
    "uptime_page",
    "window_page",
    "windows",
    "windows_on",
    "windows_page",
    "zone_of",
]
