"""Security headers on every page. Nothing is loaded from another host, nothing runs or is styled inline."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""`data:` images are for the QR code of a second factor, which must not become a URL that a log could keep."""

NOW = "Umlindi-Now"
"""By which a page that asks again knows the server's clock: a proxy writes its own into `Date`."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class ContentSecurityPolicy:
    """Sets the headers where a view has not set its own.

    Pages are not stored by the browser or by a proxy: after sign-out, Back must not show the estate.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers[NOW] = timezone.now().isoformat()
        return response
