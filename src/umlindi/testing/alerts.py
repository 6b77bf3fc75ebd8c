"""What a test of alerts needs: outages as watch makes them, people on call, and the pager's turn at a given moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.rules import Role
from umlindi.alerts import services
from umlindi.alerts.models import Policy, PolicyStep, PolicyTarget
from umlindi.estate.models import Interface, System
from umlindi.oncall.models import Channel, Layer, Rota, Turn
from umlindi.probes import Layer as FaultLayer
from umlindi.probes import ProbeResult, Severity, State, Step
from umlindi.probes.faults import Fault
from umlindi.testing.estate import make_interface, make_user
from umlindi.watch.models import Outage
from umlindi.watch.rules.conditions import Condition
from umlindi.watch.services import outages
from umlindi.watch.services.outages import Turned


def good() -> ProbeResult:
    return ProbeResult("dicom", "ARCHIVE@host:104", (Step("echo", State.OK, 3.0, FaultLayer.DIMSE),))


def bad(severity: Severity = Severity.FAILED) -> ProbeResult:
    step = Step("tcp", State.FAILED, 5.0, FaultLayer.TRANSPORT, "ECONNREFUSED", "refused", {}, severity)
    return ProbeResult("dicom", "ARCHIVE@host:104", (step,))


def fail(systems: Iterable[System], at: datetime, *, degraded: bool = False, late: bool = False) -> list[Outage]:
    """Each system's first interface (made where there is none) is confirmed bad at that moment."""
    condition = Condition.DEGRADED if degraded else Condition.DOWN
    result = bad(Severity.DEGRADED if degraded else Severity.FAILED)
    turned = [Turned(interface_of(each), condition, at - timedelta(seconds=40), result, late=late) for each in systems]
    return outages.follow(turned, at)


def mend(systems: Iterable[System], at: datetime) -> list[Outage]:
    """Each system's first interface is confirmed to work again."""
    return outages.follow([Turned(interface_of(each), Condition.UP, at, good()) for each in systems], at)


def interface_of(system: System) -> Interface:
    rows = Interface.objects.filter(system=system).select_related("system__site__organisation").order_by("pk")
    return rows.first() or make_interface(system)


def make_person(name: str, organisation: Organisation | None = None, channels: int = 1) -> User:
    """Somebody who may answer, with as many mail channels."""
    user = make_user(Role.OPERATOR, organisation, first_name=name, last_name="Dlamini")
    for number in range(channels):
        Channel.objects.create(
            user=user, kind="mail", name=f"Mail {number + 1}", address=f"{name.lower()}{number}@example.org", shown="m"
        )
    return user


def make_rota(user: User | None, organisation: Organisation | None = None, name: str = "First line") -> Rota:
    """Somebody who is always on call by it; nobody with None."""
    rota = Rota.objects.create(organisation=organisation, name=name)
    layer = Layer.objects.create(rota=rota, starts=date(2020, 1, 6))
    if user is not None:
        Turn.objects.create(layer=layer, user=user, position=0)
    return rota


def make_policy(
    *steps: tuple[int, Sequence[Rota | User | Channel]],
    organisation: Organisation | None = None,
    severity: str = "",
    repeats: int = 0,
    repeat_after: int = 15,
) -> Policy:
    """Steps as (minutes, whom)."""
    policy = Policy.objects.create(
        organisation=organisation, name="Escalation", severity=severity, repeats=repeats, repeat_after=repeat_after
    )
    for after, targets in steps:
        step = PolicyStep.objects.create(policy=policy, after=after)
        for target in targets:
            PolicyTarget.objects.create(step=step, **{type(target).__name__.lower(): target})
    return policy


def turn(now: datetime, process: str = "test") -> None:
    """What the pager does in one round, with the clock at `now`; messages go through the real delivery."""
    while services.take(now):
        continue
    for alert in services.due_alerts(now):
        services.advance(alert, now)
    services.tend_windows(now)
    services.bundle(now)
    deliver(now, process)


def deliver(now: datetime, process: str = "test") -> None:
    for page_id in services.due_pages(now, 1000):
        page = services.claim(page_id, process, now)
        if page is None:
            continue
        try:
            receipt = services.send(page)
        except Fault as fault:
            services.failed(page, fault, 1.0, now)
        else:
            services.delivered(page, receipt, 1.0, now)


def turns(start: datetime, minutes: float, every: float = 15) -> datetime:
    """Rounds each so many seconds from `start`, for so long; the moment of the last."""
    now = start
    while now <= start + timedelta(minutes=minutes):
        turn(now)
        now += timedelta(seconds=every)
    return now - timedelta(seconds=every)
