"""Outages: opened, worsened and ended by what is confirmed, each hung on the one that caused it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from umlindi.accounts.models import Organisation
from umlindi.estate.models import Interface, Site, System
from umlindi.probes import ProbeResult
from umlindi.watch.models import Outage
from umlindi.watch.rules.conditions import BAD, Condition, condition_of
from umlindi.watch.rules.outages import Told, told_of
from umlindi.watch.services.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Turned:
    """An interface's confirmed state, or its evidence, changed.

    `since` is when the first answer of this condition came; `result` is explained. `late` says that we could not know
    in time. The interface's system, site and organisation are read.
    """

    interface: Interface
    condition: Condition
    since: datetime
    result: ProbeResult
    flapping: bool = False
    late: bool = False

    @property
    def mended(self) -> bool:
        return self.condition is Condition.UP and not self.flapping

    @property
    def unasked(self) -> bool:
        """Whether it is unknown because it could not be asked, and not because nobody did.

        A person must act then. A watch that stands still is no outage of what it watches.
        """
        return self.condition is Condition.UNKNOWN and bool(self.result.steps) and _says_nothing(self.result)

    @property
    def told_as(self) -> str:
        """The condition of an outage that this opens or worsens; empty where it does neither."""
        if self.condition in BAD:
            return self.condition.value
        if self.flapping:
            return Condition.DEGRADED.value
        return Condition.UNKNOWN.value if self.unasked else ""


def _says_nothing(result: ProbeResult) -> bool:
    return condition_of(result) is Condition.UNKNOWN


def key_of(interface_id: int) -> str:
    """The key of an interface's outages."""
    return f"interface:{interface_id}"


def follow(turned: Sequence[Turned], now: datetime) -> list[Outage]:
    """Open, worsen and end the outages of these interfaces, in this order. Returns those it touched.

    Where one opens or ends, `because` of every other may change, and what a down system stands on is asked at once.
    """
    with transaction.atomic():
        ledger = Ledger.open([key_of(one.interface.pk) for one in turned])
        for one in turned:
            outage = ledger.held.get(key_of(one.interface.pk))
            if outage is None:
                _begin(ledger, one, now)
            elif one.mended:
                ledger.end(outage, one.since, now)
            else:
                _go_on(ledger, outage, one)
        return ledger.write(now)


def _begin(ledger: Ledger, turned: Turned, now: datetime) -> None:
    if turned.told_as:
        ledger.add(_opened(turned, now))


def _opened(turned: Turned, now: datetime) -> Outage:
    interface, told, evidence = turned.interface, told_of(turned.result), turned.result.to_json()
    return Outage(
        key=key_of(interface.pk),
        kind=Outage.Kind.INTERFACE,
        organisation_id=interface.system.site.organisation_id,
        site_id=interface.system.site_id,
        system=interface.system,
        interface=interface,
        subject=str(interface)[:300],
        headline=told.headline[:300],
        condition=turned.told_as,
        since=turned.since,
        detected_at=now,
        cause_rule=told.rule,
        cause=told.cause[:300],
        fix=told.fix,
        first=evidence,
        last=evidence,
        flapping=turned.flapping,
        late=turned.late,
    )


def _go_on(ledger: Ledger, outage: Outage, turned: Turned) -> None:
    """The newest failure is its evidence. That we could not ask says nothing against what was seen before."""
    if turned.flapping is not outage.flapping:
        ledger.flap(outage, turned.flapping)
    if turned.result.first_failure() is None or (turned.unasked and outage.condition != Outage.Worst.UNKNOWN):
        return
    if turned.told_as:
        ledger.retell(outage, turned.told_as, told_of(turned.result), turned.result.to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An outage of another kind than an interface's, as `report` takes it."""

    key: str
    kind: str
    organisation: Organisation | None
    site: Site | None = None
    system: System | None = None
    subject: str
    headline: str
    condition: str = "down"
    since: datetime
    cause: str = ""
    fix: str = ""
    evidence: Mapping[str, Any] | None = None
    affected: Sequence[str] = ()


def report(
    key: str,
    kind: str,
    *,
    organisation: Organisation | None,
    site: Site | None = None,
    system: System | None = None,
    subject: str,
    headline: str,
    condition: str = "down",
    since: datetime,
    now: datetime,
    cause: str = "",
    fix: str = "",
    evidence: Mapping[str, Any] | None = None,
    affected: Sequence[str] = (),
) -> Outage:
    """Open an outage of another kind, or tell the open one of that key anew; telling it twice changes nothing.

    `evidence` is JSON. Who is affected is known from the system where it is not given, and where a kind stops anybody.
    """
    told = Reported(
        key=key,
        kind=kind,
        organisation=organisation,
        site=site,
        system=system,
        subject=subject,
        headline=headline,
        condition=condition,
        since=since,
        cause=cause,
        fix=fix,
        evidence=evidence,
        affected=affected,
    )
    return report_all([told], now)[0]


def report_all(reported: Sequence[Reported], now: datetime) -> list[Outage]:
    """As `report`, many at once: a thousand cost little more than one. In their order."""
    if not reported:
        return []
    with transaction.atomic():
        ledger = Ledger.open([one.key for one in reported])
        outages = [_tell(ledger, one, now) for one in reported]
        ledger.write(now)
    return outages


def _tell(ledger: Ledger, reported: Reported, now: datetime) -> Outage:
    outage = ledger.held.get(reported.key)
    if outage is None:
        return ledger.add(_new(reported, now))
    told = Told(reported.headline[:300], "", reported.cause[:300], reported.fix)
    ledger.retell(outage, reported.condition, told, dict(reported.evidence or {}))
    return outage


def _new(reported: Reported, now: datetime) -> Outage:
    evidence = dict(reported.evidence or {})
    return Outage(
        key=reported.key,
        kind=reported.kind,
        organisation=reported.organisation,
        site=reported.site,
        system=reported.system,
        subject=reported.subject[:300],
        headline=reported.headline[:300],
        condition=reported.condition,
        since=reported.since,
        detected_at=now,
        cause=reported.cause[:300],
        fix=reported.fix,
        first=evidence,
        last=evidence,
        affected=list(reported.affected),
    )


def end(key: str, until: datetime, now: datetime, ended: str = "") -> Outage | None:
    """End the open outage of that key; None where there is none. `ended` says why, where it did not mend."""
    return next(iter(end_all({key: until}, now, ended)), None)


def end_all(until: Mapping[str, datetime], now: datetime, ended: str = "") -> list[Outage]:
    """As `end`, many keys at once. Those that were open."""
    with transaction.atomic():
        ledger = Ledger.open(list(until))
        held = list(ledger.held.values())
        for outage in held:
            ledger.end(outage, until[outage.key], now, ended)
        if held:
            ledger.write(now)
    return held


def sweep(now: datetime) -> list[Outage]:
    """End the outages of interfaces that nobody probes any more, each saying so. Cheap where there are none."""
    nobody = Q(interface=None) | Q(interface__enabled=False)
    gone = Outage.objects.filter(nobody, kind=Outage.Kind.INTERFACE, until=None)
    keys = list(gone.values_list("key", flat=True))
    if not keys:
        return []
    with transaction.atomic():
        ledger = Ledger.open(keys)
        for outage in list(ledger.held.values()):
            ledger.end(outage, now, now, _why_gone(outage))
        return ledger.write(now)


def _why_gone(outage: Outage) -> str:
    if outage.system_id is None:
        return "its system was removed from the estate"
    return "it was removed from the estate" if outage.interface_id is None else "its probing was switched off"
