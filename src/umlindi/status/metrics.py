"""`/metrics`: the estate and the house for Prometheus, as its text format 0.0.4. docs/readings.md lists the names.

Labels are names of organisations, sites, systems and interfaces, never a person's, and nothing of what peers answered.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi import __version__
from umlindi.accounts.api import actor_of_request
from umlindi.core.actors import Actor
from umlindi.status.queries.pulse import Estate, House, Pulse, Troubles, estate, house, troubles

WHERE = ("organisation", "site", "system", "interface")
Sample = tuple[Sequence[str], float]


class Exposition(BaseRenderer):
    """Prometheus' text, whatever else a scraper would rather have; an error as the sentence it is."""

    media_type = "text/plain"
    format = "txt"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        return f"{data['error']['message']}\n".encode()


@extend_schema(exclude=True)
class Metrics(APIView):
    """Everything at one moment, of the organisations where the caller may see it."""

    rights: ClassVar = {"GET": "estate.view"}
    renderer_classes = [Exposition]  # noqa: RUF012 - as its base class declares it

    def get(self, request: Request) -> Response:
        registry = CollectorRegistry()
        registry.register(_Moment(actor_of_request(request), timezone.now()))
        return Response(generate_latest(registry), headers={"Cache-Control": "no-store"})


class _Moment(Collector):
    """All families as one actor may see them at one moment."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self._actor = actor
        self._now = now

    def collect(self) -> Iterator[Metric]:
        build = {"version": __version__, "python": platform.python_version()}
        yield _gauge("build_info", "What runs here.", build, [(list(build.values()), 1)])
        found = estate(self._actor, self._now)
        yield from _of_interfaces(found.pulses)
        yield from _of_probing(found)
        yield from _of_troubles(troubles(self._actor))
        if (ours := house(self._actor, self._now)) is not None:
            yield from _of_house(ours, self._now)


def _of_interfaces(pulses: Sequence[Pulse]) -> Iterator[Metric]:
    yield _gauge(
        "interface_condition",
        "1 at the condition that is believed: up, degraded, down or unknown.",
        (*WHERE, "kind", "condition"),
        (((*one.names, one.kind, one.condition), 1) for one in pulses),
    )
    yield _gauge(
        "interface_flapping",
        "1 where an interface comes and goes too often to be called up or down.",
        WHERE,
        ((one.names, 1) for one in pulses if one.flapping),
    )
    yield _gauge(
        "interface_last_probe_age_seconds",
        "How old the newest answer is.",
        WHERE,
        ((one.names, one.age_s) for one in pulses if one.age_s is not None),
    )
    yield _gauge(
        "interface_probe_seconds",
        "What the newest probe of the interface's most frequent plan took.",
        WHERE,
        ((one.names, one.probe_s) for one in pulses if one.probe_s is not None),
    )


def _of_probing(found: Estate) -> Iterator[Metric]:
    states = {"due": found.due, "late": found.late, "in_hand": found.in_hand}
    yield _gauge(
        "probes",
        "Probes due now, of those late by more than a second, and in hand of a watch process.",
        ["state"],
        (([state], number) for state, number in states.items()),
    )
    yield _gauge("readings_per_second", "Answers that came in the last minute.", [], [([], found.pace)])


def _of_troubles(found: Troubles) -> Iterator[Metric]:
    yield _gauge(
        "outages_open", "Open outages, whoever saw them.", ("organisation", "kind", "condition"), found.outages.items()
    )
    yield _gauge("alerts_open", "Alerts not resolved.", ("organisation", "severity", "state"), found.alerts.items())
    yield _gauge("heartbeats", "Heartbeats of other programs.", ("organisation", "state"), found.heartbeats.items())
    pages = CounterMetricFamily("umlindi_pages", "Pages ever made, by what became of them.", labels=["state"])
    for state, number in found.pages.items():
        pages.add_metric([state], number)
    yield pages


def _of_house(ours: House, now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "process_beat_age_seconds",
        "When each process of the house last said that it is alive.",
        ("process", "host", "pid"),
        (((beat.name, beat.host, str(beat.pid)), (now - beat.at).total_seconds()) for beat in ours.beats),
    )
    watchers = [((one.host, str(one.pid)), one) for one in ours.watchers]
    yield _gauge(
        "watch_spooled_answers",
        "Answers on a watch process's disk, because the database was away.",
        ("host", "pid"),
        ((who, one.waiting) for who, one in watchers),
    )
    yield _gauge(
        "watch_lag_seconds",
        "How long after it was due the latest hundredth of the last minute's probes began.",
        ("host", "pid"),
        ((who, one.lag_s) for who, one in watchers),
    )
    yield CounterMetricFamily("umlindi_readings_refused", "Readings that came too late to be kept.", value=ours.refused)


def _gauge(name: str, what: str, labels: Iterable[str], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(f"umlindi_{name}", what, labels=list(labels))
    for values, number in samples:
        family.add_metric(list(values), number)
    return family
