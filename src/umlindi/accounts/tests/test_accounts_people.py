"""Laws of people: first administrator, managing, leaving."""

from __future__ import annotations

import pytest

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.services import ensure_first_admin
from umlindi.core.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_one_administrator_with_a_password_that_must_be_changed() -> None:
    password = ensure_first_admin()
    admin = User.objects.get()
    assert password
    assert admin.check_password(password)
    assert admin.must_change_password
    assert actor_of(admin).may("people.edit", 12345)
    assert ensure_first_admin() is None
    assert list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True)) == ["person.added", "role.granted"]
