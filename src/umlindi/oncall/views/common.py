"""What the pages of on call share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from umlindi.accounts.doors import Request
from umlindi.core.actors import Forbidden
from umlindi.core.scope import visible
from umlindi.oncall import services
from umlindi.oncall.models import Rota

VIEW, EDIT = "oncall.view", "oncall.edit"
NOT_YOURS = "That is not yours to change: ask who may change rotas and paging there."
both = require_http_methods(["GET", "HEAD", "POST"])


def rota_of(request: Request, pk: int) -> Rota:
    return get_object_or_404(visible(request.actor, Rota).select_related("organisation"), pk=pk)


def tried(request: Request, verb: Callable[[], Any], done: str) -> bool:
    """Do it, or say why not; both in one sentence on the next page."""
    try:
        verb()
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    except Forbidden:
        messages.error(request, NOT_YOURS)
    else:
        messages.success(request, done)
        return True
    return False
