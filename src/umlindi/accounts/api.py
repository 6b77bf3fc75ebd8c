"""How the API knows its caller, and how a view says what it asks of them.

    class SiteViewSet(ReadOnlyModelViewSet[Site]):
        rights = {"GET": "estate.view"}

A view that declares nothing is shut, and fails the permission matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import BasePermission

from umlindi.accounts.models import Token, User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import IN_PERSON, SIGNS_NOTHING
from umlindi.accounts.services import token_behind
from umlindi.core.actors import Actor

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

FAILURES_ALLOWED = 20
FAILURES_FORGOTTEN_SECONDS = 300
READS = frozenset({"HEAD", "OPTIONS"})


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer uml_…`. Sets `request.actor`, its rights cut down to the token's.

    An address that offers wrong secrets is made to wait, right or wrong.
    """

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = f"token-failures:{request.META.get('REMOTE_ADDR', '')}"
        cache.add(key, 0, FAILURES_FORGOTTEN_SECONDS)
        if cache.get(key, 0) >= FAILURES_ALLOWED:
            raise Throttled(wait=FAILURES_FORGOTTEN_SECONDS)
        token = token_behind(secret.strip(), timezone.now())
        if token is None:
            cache.incr(key)
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        request.actor = actor_of(token.user, token.pk, frozenset(token.rights))  # type: ignore[attr-defined]
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class DeclaredRight(BasePermission):
    """Lets in who holds, in at least one organisation, the right the view declares for this method or action.

    An empty right stands for whoever is known, as `signed_in` does for pages.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        right = declared_right(view, request.method or "GET", getattr(view, "action", None))
        if right is None or not request.user.is_authenticated:
            return False
        actor = actor_of_request(request)
        if right in IN_PERSON and actor.kind == "token":
            raise PermissionDenied(SIGNS_NOTHING)
        return not right or actor.may(right)


def declared_right(view: Any, method: str, action: str | None) -> str | None:
    """What the view asks for an action, or else for a method. HEAD and OPTIONS ask what GET does."""
    rights: dict[str, str] = getattr(view, "rights", {})
    if action in rights:
        return rights[action]
    return rights.get("GET" if method in READS else method)


def actor_of_request(request: Request) -> Actor:
    """Who calls: the token's actor, or else the session's."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
