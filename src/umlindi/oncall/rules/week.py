"""The hours of a layer or of somebody's quiet, as people write them."""

from __future__ import annotations

from umlindi.estate.rules.hours import Span, opening_hours


def week_hours(value: str) -> tuple[Span, ...]:
    """As `opening_hours`, but what overlaps is one: in "Mon-Fri 17:00-07:00; Sat-Sun 00:00-24:00" Friday's night runs
    into Saturday, and is meant to. Raises `Wrong`."""
    found = sorted(span for part in value.split(";") for span in opening_hours(part))
    joined: list[Span] = []
    for span in found:
        if joined and joined[-1].day == span.day and span.opens <= joined[-1].closes:
            joined[-1] = Span(span.day, joined[-1].opens, max(joined[-1].closes, span.closes))
        else:
            joined.append(span)
    return tuple(joined)
