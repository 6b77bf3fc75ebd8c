"""The verbs of alerts: take outages up, escalate, page, answer."""

from umlindi.alerts.rules.answering import BadDeadline, NoReason
from umlindi.alerts.services.answering import AlreadyOver, acknowledge, close, comment, snooze
from umlindi.alerts.services.delivering import claim, delivered, due_pages, failed, put_off_page, send
from umlindi.alerts.services.digesting import bundle
from umlindi.alerts.services.escalating import advance, due_alerts, put_off_alert, tend_windows
from umlindi.alerts.services.policies import BadPolicy, GivenPolicy, GivenStep, remove_policy, save_policy
from umlindi.alerts.services.setbacks import report_setback, tend_setbacks
from umlindi.alerts.services.taking import set_aside, take, take_one, unheard

__all__ = [
    "AlreadyOver",
    "BadDeadline",
    "BadPolicy",
    "GivenPolicy",
    "GivenStep",
    "NoReason",
    "acknowledge",
    "advance",
    "bundle",
    "claim",
    "close",
    "comment",
    "delivered",
    "due_alerts",
    "due_pages",
    "failed",
    "put_off_alert",
    "put_off_page",
    "remove_policy",
    "report_setback",
    "save_policy",
    "send",
    "set_aside",
    "snooze",
    "take",
    "take_one",
    "tend_setbacks",
    "tend_windows",
    "unheard",
]
