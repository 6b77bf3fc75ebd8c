"""The doors, under the name every room knows them by, and who and what a request is about.

The doors live in core, whose own pages stand behind them too.
"""

from django.http import Http404

from umlindi.accounts.models import Organisation, User
from umlindi.core.doors import Request, needs, public, signed_in
from umlindi.core.scope import visible_or_404

__all__ = ["Request", "chosen", "me", "needs", "public", "signed_in"]


def chosen(request: Request) -> Organisation | None:
    """The organisation a page is narrowed to by `?org=slug`, or None for all the actor sees."""
    slug = request.GET.get("org")
    return visible_or_404(request.actor, Organisation, slug=slug) if slug else None


def me(request: Request) -> User:
    """The person who signed in."""
    if not isinstance(request.user, User):
        raise Http404("nobody is signed in")
    return request.user
