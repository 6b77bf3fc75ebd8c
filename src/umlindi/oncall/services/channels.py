"""Ways to reach a person or a team: added, tried, turned off, removed. Their addresses stay out of trail and log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.services import Refused
from umlindi.core.actors import EVERYWHERE, Actor, Forbidden
from umlindi.core.audit import audited, record
from umlindi.estate.rules.reach import is_here
from umlindi.oncall import vault
from umlindi.oncall.delivery import Message, courier, send
from umlindi.oncall.models import Channel
from umlindi.oncall.queries.channels import may_arrange
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.services.places import EDIT, require_edit
from umlindi.probes.faults import Fault

AT_MOST = 12
Owner = User | Organisation | None
"""A person, an organisation's team, or with None the provider's."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of a test: `said` is the service's receipt, or the fault with its code."""

    ok: bool
    said: str


def add_mail(actor: Actor, owner: Owner, name: str, address: str) -> Channel:
    """A mailbox."""
    _require(actor, owner)
    row = Channel(kind=Channel.Kind.MAIL, name=name, address=address, shown=address[:200])
    return _add(actor, owner, row)


def add_service(actor: Actor, owner: Owner, name: str, url: str) -> Channel:
    """A telephone, a chat or a webhook, by its apprise URL. Raises `Refused` for one that names nothing usable.

    Only who may change on call everywhere may name an address within the server itself.
    """
    _require(actor, owner)
    within = actor.may(EDIT, EVERYWHERE)
    if not within and is_here(url):
        raise Refused("This is an address within the server itself; only the provider's own staff may name that.")
    try:
        described = courier.describe(url)
    except Fault as fault:
        raise Refused(f"It was not added: {fault.meaning}.") from fault
    row = Channel(kind=Channel.Kind.APPRISE, name=name, shown=described.shown[:200], within=within)
    row.secret = vault.sealed(url)
    return _add(actor, owner, row)


def set_enabled(actor: Actor, channel: Channel, enabled: bool) -> None:
    """Turn a channel off for a while, or on again."""
    _require(actor, owner_of(channel))
    with audited(actor, "channel.turned-on" if enabled else "channel.turned-off", channel):
        channel.enabled = enabled
        channel.save(update_fields=["enabled"])


def remove_channel(actor: Actor, channel: Channel) -> None:
    """Take a channel away, with the rules that use it."""
    _require(actor, owner_of(channel))
    try:
        with audited(actor, "channel.removed", channel):
            channel.delete()
    except ProtectedError as error:
        raise Refused(f"An escalation uses {channel.name}: give it another way first.") from error


def try_channel(actor: Actor, channel: Channel, now: datetime, site_url: str) -> Tested:
    """Send a message that says it is a test. The service's answer is told, kept, and written to the trail."""
    _require(actor, owner_of(channel))
    try:
        tested = Tested(True, send(channel, _test_message(channel, now, site_url)))
        note(channel, None, now, verified=True)
    except Fault as fault:
        tested = Tested(False, str(fault))
        note(channel, fault, now)
    with transaction.atomic():
        record(actor, "channel.tested", channel, after={"taken": tested.ok, "said": tested.said})
    return tested


def note(channel: Channel, fault: Fault | None, now: datetime, *, verified: bool = False) -> None:
    """Keep what became of a message: the last failure, until one is taken. Measured, so not in the trail."""
    changed: dict[str, Any] = (
        {"failed_at": now, "failure": str(fault)[:300]} if fault else {"failed_at": None, "failure": ""}
    )
    if verified:
        changed["verified_at"] = now
    Channel.objects.filter(pk=channel.pk).update(**changed)


def owner_of(channel: Channel) -> Owner:
    return channel.user or channel.organisation


def _add(actor: Actor, owner: Owner, row: Channel) -> Channel:
    if isinstance(owner, User):
        row.user = owner
    else:
        row.organisation = owner
    if Channel.objects.filter(user=row.user, organisation=row.organisation).count() >= AT_MOST:
        raise Refused(f"There are {AT_MOST} channels already: remove one that is not used.")
    with audited(actor, "channel.added", row):
        row.save(force_insert=True)
    return row


def _require(actor: Actor, owner: Owner) -> None:
    """Raises `Forbidden` where the actor may not change how this person or team is reached."""
    if not isinstance(owner, User):
        require_edit(actor, owner.pk if owner else None)
    elif not may_arrange(actor, owner):
        raise Forbidden(actor, EDIT)


def _test_message(channel: Channel, now: datetime, site_url: str) -> Message:
    return Message(
        key=f"test:{channel.pk}:{now.isoformat()}",
        subject="Test from Umlindi: nothing is wrong",
        text="Somebody pressed Test. Pages will reach you here. Nothing needs to be done.",
        url=site_url,
        severity=Severity.LOW,
    )
