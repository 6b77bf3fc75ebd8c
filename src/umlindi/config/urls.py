"""Where every door is. Each room brings its own."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from umlindi.alerts.views.now import now

handler404 = "umlindi.web.views.not_found"
handler500 = "umlindi.web.views.failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", now, name="now"),
    path("", include("umlindi.web.urls")),
    path("", include("umlindi.watch.urls")),
    path("", include("umlindi.alerts.urls")),
    path("", include("umlindi.uptime.urls")),
    path("", include("umlindi.heartbeats.urls")),
    path("", include("umlindi.oncall.urls")),
    path("", include("umlindi.status.urls")),
    path("estate/", include("umlindi.estate.urls")),
    path("people/", include("umlindi.accounts.urls")),
    path("audit/", include("umlindi.core.urls")),
    path("account/", include("umlindi.accounts.signin_urls")),
    path("api/", include("umlindi.config.api_urls")),
]

if settings.UMLINDI_DEMO:
    urlpatterns.append(path("lab/", include("umlindi.demo.urls")))
