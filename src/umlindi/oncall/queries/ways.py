"""How a person or a team is reached for a page of one severity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from umlindi.accounts.models import User
from umlindi.oncall.models import Channel, PersonalRule, Profile
from umlindi.oncall.rules.quiet import waits_until
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.rules.week import week_hours


@dataclass(frozen=True, slots=True)
class Way:
    """One channel for one page: `after` the page is due, and `not_before` the end of quiet hours that hold it."""

    channel: Channel
    after: timedelta
    not_before: datetime | None


def ways(user: User, severity: str, at: datetime) -> list[Way]:
    """The channels for a page that is due at `at`, soonest first; none where the person cannot be reached at all.

    Their own rules decide. Without any for this severity: critical and high go to every channel at once, medium and low
    to the oldest. A rule whose channels are all turned off counts as none, so that it silences nobody.
    """
    wanted = Severity(severity)
    profile = profile_of(user)
    return [Way(channel, after, _held(profile, wanted, at + after)) for channel, after in _chosen(user, wanted)]


def profile_of(user: User) -> Profile:
    """What a person said about being on call; an empty one, not saved, of who said nothing yet."""
    return Profile.objects.filter(user=user).first() or Profile(user=user)


def team_ways(organisation_id: int | None) -> list[Way]:
    """The channels of an organisation's team, or of the provider's with None. They have no quiet hours."""
    channels = Channel.objects.filter(user=None, organisation=organisation_id, enabled=True)
    return [Way(channel, timedelta(), None) for channel in channels]


def _chosen(user: User, severity: Severity) -> list[tuple[Channel, timedelta]]:
    rules = PersonalRule.objects.filter(
        user=user, severity=severity, channel__enabled=True, channel__user=user
    ).select_related("channel")
    if chosen := [(rule.channel, timedelta(minutes=rule.minutes)) for rule in rules]:
        return chosen
    channels = list(Channel.objects.filter(user=user, enabled=True))
    return [(channel, timedelta()) for channel in (channels[:1] if severity.waits else channels)]


def _held(profile: Profile, severity: Severity, at: datetime) -> datetime | None:
    return waits_until(severity, at, week_hours(profile.quiet), ZoneInfo(profile.timezone))
