"""Every room's part of the API, and its own description.

A room that has one brings a module with `register(router)`; it is named here.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import ClassVar

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import DefaultRouter

ROOMS = ("umlindi.accounts.api_views", "umlindi.core.api", "umlindi.estate.api", "umlindi.watch.api")


class Router(DefaultRouter):
    """Without a root view: the description is the index."""

    include_root_view = False
    include_format_suffixes = False


class Schema(SpectacularAPIView):
    """OpenAPI 3."""

    rights: ClassVar = {"GET": ""}


def _router() -> Router:
    router = Router()
    for room in ROOMS:
        if find_spec(room) is not None:
            import_module(room).register(router)
    return router


urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", Schema.as_view(), name="api-schema"),
    path("", include((_router().urls, "api"))),
]
