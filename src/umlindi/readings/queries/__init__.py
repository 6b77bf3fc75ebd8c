"""Reads of the store of readings. It knows interfaces by their ids only: who asks has found the ids by what the actor
may see, and passes no other."""

from umlindi.readings.queries.distributions import distribution, quantiles
from umlindi.readings.queries.single import measures_of, pace, recent, refused
from umlindi.readings.queries.timelines import Chart, Point, chart, series

__all__ = ["Chart", "Point", "chart", "distribution", "measures_of", "pace", "quantiles", "recent", "refused", "series"]
