"""Where a right of on call must be held, and what people typed, judged."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from umlindi.accounts.models import User
from umlindi.accounts.services import Refused
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.estate.rules.readers import Wrong
from umlindi.oncall.models import Rota, Turn
from umlindi.oncall.queries.plans import may_be_on_call
from umlindi.oncall.rules.week import week_hours

EDIT = "oncall.edit"


def place(organisation_id: int | None) -> int:
    """What belongs to no organisation is the provider's: a right to it is held everywhere."""
    return EVERYWHERE if organisation_id is None else organisation_id


def hole_key(rota: Rota) -> str:
    """The outage of a rota that nobody fills."""
    return f"house:rota:{rota.pk}"


def require_edit(actor: Actor, organisation_id: int | None) -> None:
    actor.require(EDIT, place(organisation_id))


def edits_or_serves(actor: Actor, rota: Rota) -> bool:
    """Whether the actor may change the rota, or is a person who is named in it."""
    if actor.may(EDIT, place(rota.organisation_id)):
        return True
    return actor.kind == "user" and Turn.objects.filter(layer__rota=rota, user=actor.user_id).exists()


def require_can_answer(organisation_id: int | None, people: Iterable[int]) -> None:
    """Raises `Refused` where one of them has left, or may not answer alerts there."""
    wanted = set(people)
    able = User.objects.filter(may_be_on_call(organisation_id), pk__in=wanted).values_list("pk", flat=True)
    if unable := wanted - set(able):
        names = ", ".join(str(user) for user in User.objects.filter(pk__in=unable))
        raise Refused(f"Nobody is on call who may not answer alerts there: {names or 'a person who is not known'}.")


def require_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused(f"There is no time zone {name[:60]!r}: write such as Africa/Johannesburg.") from error


def require_hours(text: str) -> None:
    try:
        week_hours(text)
    except Wrong as wrong:
        raise Refused(f"{wrong}.") from wrong
