"""Every room's part of the API, and its own description. A room's module with `urlpatterns` is named here."""

from __future__ import annotations

from typing import ClassVar

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from umlindi.accounts.api import DeclaredRight
from umlindi.accounts.views.api_guide import guide

ROOMS = (
    "umlindi.accounts.api_views",
    "umlindi.core.api",
    "umlindi.estate.api",
    "umlindi.watch.api",
    "umlindi.alerts.api",
    "umlindi.uptime.api",
    "umlindi.heartbeats.api",
    "umlindi.oncall.api",
)


class Schema(SpectacularAPIView):
    """This API, as OpenAPI 3. `?format=json` for JSON."""

    rights: ClassVar = {"GET": ""}
    permission_classes = [DeclaredRight]  # noqa: RUF012 - as its base class declares it


urlpatterns: list[URLPattern | URLResolver] = [
    path("docs/", guide, name="api-docs"),
    path("schema/", Schema.as_view(), name="api-schema"),
    *(path("", include(room)) for room in ROOMS),
]
