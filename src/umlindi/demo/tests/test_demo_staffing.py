"""The demo's people are there once, are reached, and what was promised holds for real systems."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from umlindi.alerts.models import Policy
from umlindi.core.actors import Actor
from umlindi.demo.estate import write_estate
from umlindi.demo.ground import survey
from umlindi.demo.staffing import HEARTBEAT, PEOPLE, ROTA, staff
from umlindi.estate.services import import_estate
from umlindi.heartbeats.models import Heartbeat
from umlindi.oncall import queries as oncall
from umlindi.oncall.models import Channel, Rota
from umlindi.status.models import StatusPage
from umlindi.uptime.models import Objective

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def estate(tmp_path: Path) -> None:
    import_estate(Actor.house("test"), write_estate(survey(tmp_path)).read_text("utf-8"))


@pytest.mark.usefixtures("estate")
def test_whoever_is_on_call_now_is_reached_at_once() -> None:
    staff(11223, NOW)
    rota = Rota.objects.get(name=ROTA)
    person = oncall.on_call(rota, NOW)
    assert person is not None
    assert person.username in {who[0] for who in PEOPLE[:2]}
    ways = oncall.ways(person, "critical", NOW)
    assert [way.channel.user for way in ways] == [person]
    assert not oncall.gaps(rota, NOW, NOW.replace(month=12))


@pytest.mark.usefixtures("estate")
def test_it_is_done_once_and_leaves_what_people_changed() -> None:
    assert staff(11223, NOW) is not None
    Rota.objects.update(timezone="Africa/Maputo")
    counts = [model.objects.count() for model in (Channel, Policy, Heartbeat, Objective, StatusPage)]
    assert counts == [3, 1, 1, 2, 2]
    assert staff(11223, NOW) is None
    assert counts == [model.objects.count() for model in (Channel, Policy, Heartbeat, Objective, StatusPage)]
    assert Rota.objects.get().timezone == "Africa/Maputo"
    assert Heartbeat.objects.get().name == HEARTBEAT
