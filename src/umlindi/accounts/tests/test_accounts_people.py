"""Laws of people: the first administrator, giving and taking roles, leaving, tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError
from django.utils import timezone

from umlindi.accounts import services
from umlindi.accounts.models import Membership, Organisation, Token, User
from umlindi.accounts.queries import actor_of, people, people_page
from umlindi.accounts.rules import LONGEST_TOKEN, Role
from umlindi.accounts.services.people import one_time_password
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.testing.estate import make_organisation, make_user

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")


@pytest.fixture
def here() -> Organisation:
    return make_organisation()


@pytest.fixture
def there() -> Organisation:
    return make_organisation()


def _verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True))


def test_the_first_start_makes_one_administrator_with_a_password_that_must_be_changed() -> None:
    password = services.ensure_first_admin()
    admin = User.objects.get()
    assert password
    assert admin.check_password(password)
    assert admin.must_change_password
    assert actor_of(admin).may("people.edit", 12345)
    assert services.ensure_first_admin() is None
    assert _verbs() == ["person.added", "role.granted"]


def test_no_two_one_time_passwords_are_alike() -> None:
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password) == 19 for password in made)


def test_a_local_administrator_adds_people_at_home_only(here: Organisation, there: Organisation) -> None:
    local = actor_of(make_user(Role.ADMINISTRATOR, here))
    added, password = services.add_person(local, "sipho", role=Role.VIEWER, organisation=here)
    assert added.check_password(password)
    for elsewhere in (there, None):
        with pytest.raises(Forbidden):
            services.add_person(local, "thandi", role=Role.VIEWER, organisation=elsewhere)
    assert not User.objects.filter(username="thandi").exists()


def test_an_operator_adds_nobody(here: Organisation) -> None:
    with pytest.raises(Forbidden):
        services.add_person(actor_of(make_user(Role.OPERATOR, here)), "sipho", role=Role.VIEWER, organisation=here)


def test_a_name_is_taken_in_any_case(here: Organisation) -> None:
    services.add_person(HOUSE, "Nomvula", role=Role.VIEWER, organisation=here)
    with pytest.raises(services.Refused, match="taken"):
        services.add_person(HOUSE, "nomvula", role=Role.VIEWER, organisation=here)
    with pytest.raises(IntegrityError):
        make_user(username="NOMVULA")


def test_a_role_is_given_once_and_taken_with_its_event(here: Organisation) -> None:
    user = make_user()
    first = services.grant_role(HOUSE, user, Role.AUDITOR, here, "quarterly review")
    assert services.grant_role(HOUSE, user, Role.AUDITOR, here) == first
    services.revoke_role(HOUSE, first, "left the team")
    assert not user.memberships.exists()
    assert list(AuditEvent.objects.order_by("seq").values_list("verb", "organisation_id", "reason")) == [
        ("role.granted", here.pk, "quarterly review"),
        ("role.revoked", here.pk, "left the team"),
    ]


def test_the_last_administrator_can_neither_go_nor_be_demoted() -> None:
    admin = make_user(Role.ADMINISTRATOR)
    make_user(Role.ADMINISTRATOR, is_active=False)
    with pytest.raises(services.Refused, match="last administrator"):
        services.revoke_role(actor_of(admin), admin.memberships.get())
    with pytest.raises(services.Refused, match="last administrator"):
        services.deactivate(actor_of(admin), admin, "leaving")
    assert actor_of(User.objects.get(pk=admin.pk)).may("people.edit", 1)
    make_user(Role.ADMINISTRATOR)
    services.deactivate(actor_of(admin), admin, "leaving")
    assert not User.objects.get(pk=admin.pk).is_active


def test_nobody_takes_over_a_person_who_also_works_elsewhere(here: Organisation, there: Organisation) -> None:
    local = actor_of(make_user(Role.ADMINISTRATOR, here))
    both = make_user(Role.VIEWER, here)
    Membership.objects.create(user=both, organisation=there, role=Role.VIEWER)
    for verb in (
        lambda: services.reset_password(local, both),
        lambda: services.deactivate(local, both, "x"),
        lambda: services.reactivate(local, both, "x"),
        lambda: services.reset_second_factor(local, both, "x"),
        lambda: services.change_person(local, both, first_name="a", last_name="b", email=""),
    ):
        with pytest.raises(Forbidden):
            verb()


def test_people_are_seen_once_and_only_with_the_roles_that_are_the_viewers_business(
    here: Organisation, there: Organisation
) -> None:
    auditor = make_user(Role.AUDITOR, here)
    both = make_user(Role.VIEWER, here)
    Membership.objects.create(user=both, organisation=here, role=Role.CLIENT)
    Membership.objects.create(user=both, organisation=there, role=Role.ADMINISTRATOR)
    stranger = make_user(Role.VIEWER, there)
    found = {person.pk: person for person in people(actor_of(auditor))}
    assert set(found) == {auditor.pk, both.pk}
    assert len(people(actor_of(auditor))) == 2
    assert {role.role for role in found[both.pk].roles_seen} == {"viewer", "client"}  # type: ignore[attr-defined]
    assert stranger.pk in {person.pk for person in people(HOUSE)}


def test_the_page_counts_who_signs_in_with_a_password_alone(here: Organisation) -> None:
    safe, bare, gone = make_user(), make_user(), make_user(is_active=False)
    Authenticator.objects.create(user=safe, type=Authenticator.Type.TOTP, data={})
    Authenticator.objects.create(user=bare, type=Authenticator.Type.RECOVERY_CODES, data={})
    page = people_page(HOUSE)
    assert (set(page.active), page.bare, page.ended) == ({safe, bare}, [bare], [gone])


def test_coming_back_needs_a_new_password() -> None:
    make_user(Role.ADMINISTRATOR)
    user = make_user(Role.VIEWER)
    services.deactivate(HOUSE, user, "maternity leave")
    assert not User.objects.get(pk=user.pk).has_usable_password()
    assert not actor_of(User.objects.get(pk=user.pk)).rights
    password = services.reactivate(HOUSE, user, "back")
    again = User.objects.get(pk=user.pk)
    assert again.is_active
    assert again.must_change_password
    assert again.check_password(password)
    assert actor_of(again).may("estate.view", 1)


def test_a_token_is_a_part_of_its_owner_and_of_nobody_else(here: Organisation) -> None:
    user, now = make_user(Role.OPERATOR, here), timezone.now()
    actor = actor_of(user)
    soon = now + timedelta(days=30)
    token, secret = services.create_token(
        actor, user, "export", rights=frozenset({"estate.view"}), expires_at=soon, now=now
    )
    assert services.token_behind(secret, now) == token
    assert secret not in str(Token.objects.values())
    assert secret not in str(AuditEvent.objects.values())
    cut = actor_of(user, token.pk, frozenset(token.rights))
    assert cut.may("estate.view", here.pk)
    assert not cut.may("check.run", here.pk)
    for bad in (
        {"rights": frozenset({"people.edit"}), "expires_at": soon},
        {"rights": frozenset(), "expires_at": soon},
        {"rights": frozenset({"estate.view"}), "expires_at": now},
        {"rights": frozenset({"estate.view"}), "expires_at": now + LONGEST_TOKEN + timedelta(seconds=1)},
    ):
        with pytest.raises(services.Refused):
            services.create_token(actor, user, "bad", now=now, **bad)  # type: ignore[arg-type]
    for stranger in (HOUSE, cut, actor_of(make_user(Role.ADMINISTRATOR))):
        with pytest.raises(Forbidden):
            services.create_token(stranger, user, "bad", rights=frozenset({"estate.view"}), expires_at=soon, now=now)


def test_a_token_ends_when_it_expires_is_revoked_or_its_owner_goes(here: Organisation) -> None:
    user, now = make_user(Role.VIEWER, here), timezone.now()
    make_user(Role.ADMINISTRATOR)

    def make() -> tuple[Token, str]:
        rights = frozenset({"estate.view"})
        return services.create_token(
            actor_of(user), user, "x", rights=rights, expires_at=now + timedelta(days=1), now=now
        )

    token, secret = make()
    assert services.token_behind(secret, now + timedelta(hours=23))
    assert services.token_behind(secret, now + timedelta(days=1)) is None
    assert services.token_behind(secret[:-1] + ("a" if secret[-1] != "a" else "b"), now) is None
    with pytest.raises(Forbidden):
        services.revoke_token(actor_of(make_user(Role.VIEWER, here)), token, now)
    services.revoke_token(actor_of(user), token, now)
    assert services.token_behind(secret, now) is None
    _, other = make()
    services.deactivate(HOUSE, user, "left")
    assert services.token_behind(other, now) is None


def _come_back(administrator: Actor, user: User) -> None:
    services.deactivate(administrator, user, "left")
    services.reactivate(administrator, user, "back")


@pytest.mark.parametrize("end", [services.reset_password, _come_back])
def test_a_reset_password_and_ended_access_end_every_token_for_good(end: Callable[[Actor, User], object]) -> None:
    user, now = make_user(Role.OPERATOR), timezone.now()
    rights, expires = frozenset({"estate.view"}), now + timedelta(days=9)
    _, secret = services.create_token(actor_of(user), user, "monitor", rights=rights, expires_at=expires, now=now)
    assert services.token_behind(secret, now) is not None
    end(actor_of(make_user(Role.ADMINISTRATOR)), user)
    assert services.token_behind(secret, now) is None
    assert AuditEvent.objects.filter(verb="token.revoked", object_id=str(user.tokens.get().pk)).count() == 1
