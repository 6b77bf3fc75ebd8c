"""A passkey in a real browser, with Chromium's own virtual authenticator: added, used alone, renamed, removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from umlindi.accounts.rules import Role
from umlindi.core.models import AuditEvent
from umlindi.testing.estate import PASSWORD, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

NOW = re.compile(r"^http://[^/]+/$")
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def _with_passkey_device(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


@contextmanager
def _browser(site: str) -> Iterator[Page]:
    """The system's Chromium where there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        program = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-dev-shm-usage"], executable_path=program)
        page = browser.new_page(base_url=site, viewport={"width": 1440, "height": 900})
        _with_passkey_device(page)
        yield page
        browser.close()


def _add(page: Page) -> None:
    page.goto("/account/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("Reading room key")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name="recovery codes are left").wait_for()


def _sign_out(page: Page) -> None:
    page.goto("/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def _whole_life(page: Page, username: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(NOW)
    _add(page)
    _sign_out(page)

    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(NOW)
    page.goto("/account/")
    page.get_by_role("heading", name="You sign in with a passkey.").wait_for()
    assert page.get_by_text("Reading room key").is_visible()

    page.get_by_role("link", name="Remove").click()
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("heading", name="with a password alone").wait_for()


def test_a_passkey_signs_in_without_a_password(live_server: LiveServer) -> None:
    user = make_user(Role.VIEWER)
    said: list[str] = []
    with _browser(live_server.url) as page:
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        _whole_life(page, user.username)
        assert said == []
    assert not Authenticator.objects.exists()
    used = [(event.after or {})["used"] for event in AuditEvent.objects.filter(verb="sign-in").order_by("seq")]
    assert used == [["password"], ["webauthn"]]
