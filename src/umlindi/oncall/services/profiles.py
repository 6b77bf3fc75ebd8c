"""What a person says about their own duty: telephone, quiet hours, rules, and the calendar of their shifts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from django.db import transaction

from umlindi.accounts.models import User
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited, record
from umlindi.core.digests import digest_of
from umlindi.oncall.models import Channel, PersonalRule, Profile
from umlindi.oncall.queries.channels import may_arrange
from umlindi.oncall.queries.ways import profile_of
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.services.places import EDIT, require_hours, require_zone

Rules = Mapping[Severity, Mapping[int, int]]
"""For each severity: channel id → minutes after the page was due."""


def set_profile(actor: Actor, user: User, *, phone: str, quiet: str, timezone: str) -> Profile:
    """Telephone and quiet hours. Raises `Refused` for hours or a zone that cannot be read."""
    _require(actor, user)
    require_hours(quiet)
    require_zone(timezone)
    row = profile_of(user)
    with audited(actor, "on-call-profile.changed", row):
        row.phone, row.quiet, row.timezone = phone, quiet, timezone
        row.save()
    return row


def set_rules(actor: Actor, user: User, rules: Rules) -> None:
    """Replace a person's rules. A severity without any goes the usual way. Channels of others are left out."""
    _require(actor, user)
    own = Channel.objects.filter(user=user).in_bulk()
    with transaction.atomic():
        before = _told(user)
        PersonalRule.objects.filter(user=user).delete()
        PersonalRule.objects.bulk_create(
            PersonalRule(user=user, severity=severity, channel=own[channel], minutes=minutes)
            for severity, chosen in rules.items()
            for channel, minutes in chosen.items()
            if channel in own
        )
        after = _told(user)
        if before != after:
            record(actor, "paging-rules.changed", user, before={"rules": before}, after={"rules": after})


def new_calendar_link(actor: Actor, user: User) -> str:
    """A new secret for the calendar of one's own shifts; the link before it no longer works. Shown once."""
    if actor.kind != "user" or actor.user_id != user.pk:
        raise Forbidden(actor, "the calendar of another person")
    secret = secrets.token_urlsafe(32)
    row = profile_of(user)
    with transaction.atomic():
        row.digest = digest_of(secret)
        row.save()
        record(actor, "calendar-link.made", user)
    return secret


def _told(user: User) -> list[str]:
    return [str(rule) for rule in PersonalRule.objects.filter(user=user).select_related("channel")]


def _require(actor: Actor, user: User) -> None:
    if not may_arrange(actor, user):
        raise Forbidden(actor, EDIT)
