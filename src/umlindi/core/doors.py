"""How a page says who may open it. The permission matrix test reads these marks and fails for a page without one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.views.defaults import permission_denied

from umlindi.core.actors import Actor, Forbidden


class Request(HttpRequest):
    """A request that has passed ActorMiddleware."""

    actor: Actor


View = Callable[..., HttpResponseBase]


def needs(right: str) -> Callable[[View], View]:
    """Open to those who hold `right` in at least one organisation.

    Which rows they then see is `visible`'s to say; what they may do to one row is the service's: its `Forbidden`
    becomes a 403 here. A refusal is answered, not raised: Django writes a raised one to the log with its whole trace.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def door(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not request.actor.may(right):
                return permission_denied(request, Forbidden(request.actor, right))
            try:
                return view(request, *args, **kwargs)
            except Forbidden as error:
                return permission_denied(request, error)

        door.right = right  # type: ignore[attr-defined]
        return door

    return mark


def public(view: View) -> View:
    """Open to everybody, signed in or not. Says so for the permission matrix."""
    view.right = None  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Open to whoever has signed in, whatever their rights."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    door.right = ""  # type: ignore[attr-defined]
    return door
