"""Reads of the estate, each scoped to its actor; and the graph of what stands on what."""

from umlindi.estate.queries.graph import DependencyGraph
from umlindi.estate.queries.overview import Overview, overview
from umlindi.estate.queries.search import Hit, search
from umlindi.estate.queries.snapshot import MODELS, Snapshot, snapshot, values_of

__all__ = [
    "MODELS",
    "DependencyGraph",
    "Hit",
    "Overview",
    "Snapshot",
    "overview",
    "search",
    "snapshot",
    "values_of",
]
