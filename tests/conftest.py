"""The whole product with its living demo, and a browser, for the tests that meet it as a person does."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from umlindi.house import postmaster
from umlindi.house.home import PASSABLE
from umlindi.testing.peers import free_port
from umlindi.testing.product import Up

PASSWORD = "amanzi-amnandi-2026"
READY_WITHIN_S = 120


@pytest.fixture(scope="module")
def product() -> Iterator[Up]:
    """A product with its demo, in a home of its own."""
    folder = Path(tempfile.mkdtemp(prefix="umlindi-journey-"))
    folder.chmod(PASSABLE)
    up = Up(folder / "home", free_port())
    try:
        up.hear("^ready ", READY_WITHIN_S)
        yield up
    finally:
        up.end(signal.SIGTERM, 40)
        postmaster.stop(folder / "home" / "data" / "pg", ((signal.SIGKILL, 5.0),))
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def journey_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def sign_in(product: Up) -> Callable[[Page], str]:
    """Signs a page in with the one-time password of the ready line, and gives the address of Now."""

    def signed_in(page: Page) -> str:
        told = re.search(r"one-time password (\S+)", "\n".join(product.said))
        assert told
        now = f"http://localhost:{product.port}/"
        page.goto(now)
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password", exact=True).fill(told[1])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("First name").fill("Nomvula")
        page.get_by_label("Last name").fill("Dlamini")
        page.locator("input[name=oldpassword]").fill(told[1])
        page.locator("input[name=password1]").fill(PASSWORD)
        page.locator("input[name=password2]").fill(PASSWORD)
        page.locator("input[name=password2]").press("Enter")
        expect(page.get_by_text("Your new password counts from now on.")).to_be_visible()
        return now

    return signed_in
