"""The chart of one measure: `{% load latency %}`.

In the view:      chart = readings.queries.chart(interface.pk, "echo", now - timedelta(days=1), now)
In the page:      {% latency chart "C-ECHO" site.timezone %}
In its head:      {% block head %}{% include "readings/_latency_head.html" %}{% endblock %}

Without script, in print and for screen readers it is a drawing and a sentence; with script it answers to the pointer.
It may stand in a live region: a chart put in anew is taken up again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import template
from django.utils import timezone

from umlindi.readings.queries import Chart, Point
from umlindi.readings.rules import drawing
from umlindi.readings.rules.units import told, unit_of

register = template.Library()


@register.inclusion_tag("readings/_latency.html")
def latency(chart: Chart, title: str, zone: str = "") -> dict[str, Any]:
    """Median and p95 over time with what was not up at the foot, and the whole period in a sentence. `zone` names the
    site's time zone."""
    unit = unit_of(chart.measure)
    p50, p95 = [point.p50 for point in chart.points], [point.p95 for point in chart.points]
    known = [value for value in (*p50, *p95) if value is not None]
    top, bottom = max(known, default=1.0), min([0.0, *known])
    return {
        "title": title,
        "sentence": _sentence(chart),
        "p50": drawing.line(p50, top, bottom),
        "p95": drawing.line(p95, top, bottom),
        "not_up": drawing.strip((point.not_up > 0 for point in chart.points), len(chart.points)),
        "silent": drawing.strip((point.answers == 0 for point in chart.points), len(chart.points)),
        "top": told(top, unit) if known else "",
        "data": {
            "unit": unit.value,
            "zone": zone or timezone.get_default_timezone_name(),
            "at": [point.at.timestamp() for point in chart.points],
            **{name: _column(chart, get) for name, get in COLUMNS.items()},
        },
    }


COLUMNS: dict[str, Callable[[Point], float | None]] = {
    "p50": lambda point: point.p50,
    "p95": lambda point: point.p95,
    "longest": lambda point: point.greatest,
    "answers": lambda point: point.answers,
    "not_up": lambda point: point.not_up,
}


def _column(chart: Chart, get: Callable[[Point], float | None]) -> list[float | None]:
    """Rounded to what a chart can show: a third of the bytes."""
    values = (get(point) for point in chart.points)
    return [None if value is None else float(f"{value:.4g}") for value in values]


def _sentence(chart: Chart) -> str:
    answers = sum(point.answers for point in chart.points)
    bad = sum(point.not_up for point in chart.points)
    fate = f"{bad} of {answers} answers not up" if bad else f"all {answers} answers up"
    if chart.whole is None:
        return f"Not measured; {fate}." if answers else "No answers in this time."
    unit = unit_of(chart.measure)
    half, most, all_ = (told(chart.whole.quantile(share), unit) for share in (0.5, 0.95, 1))
    return f"Half within {half}, 95 % within {most}, all within {all_}; {fate}."
