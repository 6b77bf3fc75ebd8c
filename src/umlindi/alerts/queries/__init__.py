"""Reads of alerts, each scoped to its actor."""

from umlindi.alerts.queries.cards import Card, Next, card_or_404, closed_alerts, open_alerts
from umlindi.alerts.queries.figures import COUNTED, Figures, answer_figures
from umlindi.alerts.queries.pages import AlertPage, Told, alert_page, policies

__all__ = [
    "COUNTED",
    "AlertPage",
    "Card",
    "Figures",
    "Next",
    "Told",
    "alert_page",
    "answer_figures",
    "card_or_404",
    "closed_alerts",
    "open_alerts",
    "policies",
]
