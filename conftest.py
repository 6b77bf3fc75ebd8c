"""What every test may count on. The database and the secrets come from the plugin `umlindi.house.testing`."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from pytest_django import DjangoDbBlocker, Settings


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests that commit are cleaned up by TRUNCATE, which the audit trail refuses; nothing else of its guard is off."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditevent DISABLE TRIGGER audit_is_never_emptied")


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Scrypt is slow by design; only one test needs it so, and says so."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(autouse=True)
def _no_counted_attempts() -> None:
    """Rate limits count in the cache, which would carry them from one test to the next."""
    cache.clear()
