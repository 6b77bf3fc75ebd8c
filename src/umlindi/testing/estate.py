"""Rows for tests: organisations, people and what is looked after, each valid and unlike the one before."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from umlindi.accounts.models import Membership, Organisation, User
from umlindi.accounts.rules import Role
from umlindi.alerts.models import Alert, AlertOutage
from umlindi.estate.models import Interface, Site, System
from umlindi.watch.models import Outage, Probe

PASSWORD = "naledi-walks-home-at-dusk"
_numbers = count(1)


def make_organisation(**given: Any) -> Organisation:
    number = next(_numbers)
    return Organisation.objects.create(**{"slug": f"clinic-{number}", "name": f"Clinic {number}"} | given)


def make_site(organisation: Organisation | None = None, **given: Any) -> Site:
    number = next(_numbers)
    values = {"slug": f"site-{number}", "name": f"Site {number}"} | given
    return Site.objects.create(organisation=organisation or make_organisation(), **values)


def make_system(site: Site | None = None, **given: Any) -> System:
    number = next(_numbers)
    values = {"slug": f"system-{number}", "name": f"System {number}", "kind": System.Kind.ARCHIVE} | given
    return System.objects.create(site=site or make_site(), **values)


def make_interface(system: System | None = None, **given: Any) -> Interface:
    number = next(_numbers)
    address = {"host": "127.0.0.1", "port": 10_000 + number % 50_000, "called": f"AE{number}", "calling": "UMLINDI"}
    values = {"name": f"DICOM {number}", "kind": Interface.Kind.DICOM} | address | given
    return Interface.objects.create(system=system or make_system(), **values)


def make_user(role: Role | None = None, organisation: Organisation | None = None, **given: Any) -> User:
    """A person with a role in one organisation, or in every one where none is named. Signs in with PASSWORD."""
    number = next(_numbers)
    user = User(**{"username": f"person-{number}", "first_name": "Naledi", "last_name": f"Mokoena {number}"} | given)
    user.set_password(PASSWORD)
    user.save()
    if role is not None:
        Membership.objects.create(user=user, organisation=organisation, role=role)
    return user


def make_probe(interface: Interface | None = None, **given: Any) -> Probe:
    """An interface's quick plan, answered a moment ago and up."""
    now = timezone.now()
    values = {"plan": "quick", "due_at": now, "probed_at": now, "ms": 6.4, "condition": "up", "since": now}
    return Probe.objects.create(interface=interface or make_interface(), **values | given)


def make_outage(interface: Interface | None = None, **given: Any) -> Outage:
    """An interface down for ten minutes, and still. Its evidence is one failed step."""
    at = interface or make_interface()
    now = timezone.now()
    site = at.system.site
    step = {"step": "tcp", "state": "failed", "ms": 1.1, "layer": "transport", "code": "ECONNREFUSED"}
    evidence = {"steps": [step | {"meaning": "connection refused", "evidence": {}, "severity": "failed"}]}
    values = {
        "key": f"interface:{at.pk}",
        "kind": Outage.Kind.INTERFACE,
        "organisation": site.organisation,
        "site": site,
        "system": at.system,
        "interface": at,
        "subject": str(at.system),
        "headline": "refuses connections",
        "condition": Outage.Worst.DOWN,
        "since": now - timedelta(minutes=10),
        "detected_at": now - timedelta(minutes=9),
        "first": evidence,
        "last": evidence,
        "heard": True,
    }
    return Outage.objects.create(**values | given)


def make_alert(outage: Outage | None = None, **given: Any) -> Alert:
    """An alert of one outage, firing and not answered, with fifteen minutes from its detection."""
    of = outage or make_outage()
    values = {
        "key": of.key,
        "organisation": of.organisation,
        "site": of.site,
        "system": of.system,
        "severity": "critical",
        "condition": of.condition,
        "title": str(of),
        "cause": of.cause,
        "fix": of.fix,
        "affected": of.affected,
        "state": Alert.State.FIRING,
        "since": of.since,
        "detected_at": of.detected_at,
        "opened_at": of.detected_at,
        "fired_at": of.detected_at,
        "answer_due_at": of.detected_at + timedelta(minutes=15),
    }
    alert = Alert.objects.create(**values | given)
    AlertOutage.objects.create(alert=alert, outage=of, joined_at=of.detected_at)
    return alert
