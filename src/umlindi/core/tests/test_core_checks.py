"""Configuration errors are told before anything serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from pytest_django import Settings

from umlindi.core.actors import Actor
from umlindi.core.audit import Subject, record
from umlindi.core.checks import home_is_usable, missing_secrets, secrets_are_there


def test_each_missing_secret_is_named_with_its_place(settings: Settings) -> None:
    assert missing_secrets() == ""
    settings.AUDIT_KEY = ""
    assert "secrets/audit_key" in missing_secrets()
    assert "secret_key" not in missing_secrets()
    settings.SECRET_KEY = ""
    assert "secrets/secret_key" in missing_secrets()
    assert [error.id for error in secrets_are_there(None)] == ["umlindi.E001"]


@pytest.mark.django_db
def test_nothing_is_recorded_without_the_key(settings: Settings) -> None:
    settings.AUDIT_KEY = ""
    with pytest.raises(ImproperlyConfigured, match="audit key is missing"), transaction.atomic():
        record(Actor.house("test"), "x", Subject("x", "1", "x"))


def test_a_home_that_is_not_there_is_an_error(settings: Settings, tmp_path: Path) -> None:
    assert home_is_usable(None) == []
    settings.UMLINDI_HOME = tmp_path / "nowhere"
    assert [error.id for error in home_is_usable(None)] == ["umlindi.E002"]
