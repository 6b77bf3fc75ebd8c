"""How shifts are dated: with the day of the week, which is what people plan by."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template

register = template.Library()


@register.filter
def when(moment: datetime, zone: str) -> str:
    """`{{ span.start|when:rota.timezone }}`: Fri 27 Nov 17:00, in the rota's zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"
