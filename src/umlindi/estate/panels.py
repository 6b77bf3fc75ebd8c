"""What rooms above the estate have to say about a system, on the system's own page.

    class WatchConfig(AppConfig):
        def ready(self) -> None:
            panels.register(state_of_interfaces)

The estate cannot import them (the arrows go the other way), so they register what they say.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.safestring import SafeString

from umlindi.accounts.doors import Request
from umlindi.estate.models import System

Panel = Callable[[Request, System], SafeString]
"""HTML about a system for this request's actor; empty where there is nothing to say."""

_panels: list[Panel] = []


def register(panel: Panel) -> None:
    """Show a panel on every system's page, after those registered before. Registering it again changes nothing."""
    if panel not in _panels:
        _panels.append(panel)


def shown(request: Request, system: System) -> list[SafeString]:
    """Every panel's HTML, the empty ones left out."""
    return [html for panel in _panels if (html := panel(request, system))]
