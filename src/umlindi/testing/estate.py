"""Rows for tests: organisations, people and what is looked after, each valid and unlike the one before."""

from __future__ import annotations

from itertools import count
from typing import Any

from umlindi.accounts.models import Membership, Organisation, User
from umlindi.accounts.rules import Role
from umlindi.estate.models import Interface, Site, System

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
