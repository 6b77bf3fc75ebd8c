"""The API of uptime."""

from umlindi.uptime.api.urls import urlpatterns

__all__ = ["urlpatterns"]
