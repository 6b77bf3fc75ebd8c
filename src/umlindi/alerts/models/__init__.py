"""Alerts with their timeline, escalation policies, and pages with their attempts."""

from umlindi.alerts.models.alerts import Alert, AlertEvent, AlertOutage
from umlindi.alerts.models.pages import Attempt, Page
from umlindi.alerts.models.policies import Policy, PolicyStep, PolicyTarget
from umlindi.alerts.models.setbacks import Setback

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertOutage",
    "Attempt",
    "Page",
    "Policy",
    "PolicyStep",
    "PolicyTarget",
    "Setback",
]
