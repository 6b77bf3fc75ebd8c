"""What a person does with an alert, from any page that shows it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from umlindi.accounts.doors import Request, needs
from umlindi.alerts.forms import AnswerForm, CommentForm, deadline
from umlindi.alerts.models import Alert
from umlindi.alerts.rules.answering import BadDeadline, NoReason
from umlindi.alerts.services.answering import AlreadyOver, acknowledge, close, comment, snooze
from umlindi.core.scope import visible_or_404

ANSWER = "alert.answer"
SAID = {
    "acknowledge": "You have it. Nobody else is paged until then.",
    "snooze": "Nobody is paged until then.",
    "close": "Nobody is paged until it recovers, or gets worse.",
}


@require_POST
@needs(ANSWER)
def answer(request: Request, pk: int) -> HttpResponse:
    """Acknowledge, snooze, or silence until recovery."""
    alert, form = visible_or_404(request.actor, Alert, pk=pk), AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say what you do about it, in a few words: who comes next reads it.")
        return _back(request, alert)
    try:
        _do(request, alert, form)
    except AlreadyOver:
        messages.info(request, f"“{alert}” was over before you answered.")
    except (NoReason, BadDeadline):
        messages.error(request, "Not answered: say what you do about it, and for at most a week.")
    else:
        messages.success(request, f"“{alert}”: {SAID[form.cleaned_data['verb']]}")
    return _back(request, alert)


def _do(request: Request, alert: Alert, form: AnswerForm) -> None:
    now, said = timezone.now(), form.cleaned_data
    match said["verb"]:
        case "acknowledge":
            acknowledge(request.actor, alert, said["reason"], now, deadline(said["until"], now))
        case "snooze":
            snooze(request.actor, alert, said["reason"], deadline(said["until"], now), now)
        case _:
            close(request.actor, alert, said["reason"], now)


@require_POST
@needs(ANSWER)
def remark(request: Request, pk: int) -> HttpResponse:
    """A line on the timeline."""
    alert, form = visible_or_404(request.actor, Alert, pk=pk), CommentForm(request.POST)
    if form.is_valid():
        comment(request.actor, alert, form.cleaned_data["text"], timezone.now())
    else:
        messages.error(request, "Nothing was said: write a line first.")
    return redirect(alert)


def _back(request: Request, alert: Alert) -> HttpResponse:
    """To the page that asked, where it is one of ours; else to the alert."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure())
    return redirect(page if ours else alert)
