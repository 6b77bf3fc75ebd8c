"""Links that open a door without an account are secrets, in the log as well."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.db import OperationalError
from django.test import Client
from pytest import MonkeyPatch

SECRET = "c3RpbGwtYS1zZWNyZXQ"
PING = "6aa8091b-cb93-4d50-9f85-ea40028c423d"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the processes of the house write, by their own handler."""
    handler = next(each for each in logging.getLogger().handlers if any(each.filters))
    assert isinstance(handler, logging.StreamHandler)
    written = StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"/wall/{SECRET}/", "/wall/…/"),
        (f"/see/link/{SECRET}/", "/see/link/…/"),
        (f"/oncall/calendar/{SECRET}.ics", "/oncall/calendar/…"),
        (f"/ping/{PING}/3", "/ping/…/3"),
        (f"/ping/{PING}", "/ping/…"),
    ],
)
def test_a_refused_link_is_named_without_its_secret(log: StringIO, address: str, shown: str) -> None:
    Client().put(address)
    told = log.getvalue()
    assert shown in told
    assert not [secret for secret in (SECRET, PING) if secret in told]


def test_a_link_that_breaks_is_named_without_its_secret(log: StringIO, monkeypatch: MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr("umlindi.status.views.wall.link_behind", gone)
    assert Client(raise_request_exception=False).get(f"/wall/{SECRET}/").status_code == 503
    told = log.getvalue()
    assert "/wall/…/" in told
    assert "the database is away" in told
    assert SECRET not in told
