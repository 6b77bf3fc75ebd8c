"""What stands between a session and the pages: its limits, a password that must be changed, and who acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import session_over
from umlindi.core.actors import NOBODY, Actor

NextDoor = Callable[[HttpRequest], HttpResponse]

STARTED, SEEN = "started_at", "seen_at"
SEEN_NOTED_EVERY = timedelta(minutes=1)
# A page that asks for itself again must not keep an abandoned browser signed in.
POLLING = "HX-Polling"


class SessionLimits:
    """Signs out who was idle too long, or signed in too long ago. A polled request is no sign of life."""

    def __init__(self, get_response: NextDoor) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self._limit(request, timezone.now())
        return self.get_response(request)

    def _limit(self, request: HttpRequest, now: datetime) -> None:
        started, seen = (_moment(request, name, now) for name in (STARTED, SEEN))
        if session_over(now, started, seen):
            request.session_is_over = True  # type: ignore[attr-defined]
            logout(request)
        elif POLLING not in request.headers and (now - seen > SEEN_NOTED_EVERY or SEEN not in request.session):
            request.session[SEEN] = now.isoformat()
            request.session.setdefault(STARTED, now.isoformat())


def _moment(request: HttpRequest, name: str, now: datetime) -> datetime:
    noted = request.session.get(name)
    return datetime.fromisoformat(noted) if noted else now


class PasswordMustChange:
    """Whoever holds a one-time password gets no further than the page where they choose their own."""

    def __init__(self, get_response: NextDoor) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not getattr(request.user, "must_change_password", False) or request.path in _open_to_newcomers():
            return self.get_response(request)
        if request.path.startswith("/api/"):
            message = "Choose a password of your own first, in the browser."
            return JsonResponse(
                {"error": {"code": "password_must_change", "message": message, "fields": {}}}, status=403
            )
        wanted = f"?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" else ""
        return redirect(reverse("account_change_password") + wanted)


def _open_to_newcomers() -> set[str]:
    return {reverse("account_change_password"), reverse("account_logout"), reverse("health")}


class ActorMiddleware:
    """`request.actor`: who is signed in, with their rights as they are now. Looked up on first use."""

    def __init__(self, get_response: NextDoor) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _actor(request: HttpRequest) -> Actor:
    return actor_of(request.user) if isinstance(request.user, User) else NOBODY
