"""The first hour, on the whole product: sign in, read, break, see it named, check, sign, mend."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from umlindi.house import postmaster
from umlindi.house.home import PASSABLE
from umlindi.testing.peers import free_port
from umlindi.testing.product import Up

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PASSWORD = "amanzi-amnandi-2026"
NAMED_WITHIN_MS = 60_000
READY_WITHIN_S = 120


@pytest.fixture(scope="module")
def product() -> Iterator[Up]:
    """The product with its living demo, in a home of its own."""
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
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


def sign_in(page: Page, product: Up) -> None:
    """With the one-time password of the ready line, and then one of one's own."""
    told = re.search(r"one-time password (\S+)", product.said[-1])
    assert told
    page.goto(f"http://localhost:{product.port}/")
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


def test_a_fault_is_named_within_a_minute_checked_signed_and_mended(product: Up, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(30_000)
    sign_in(page, product)
    now = f"http://localhost:{product.port}/"
    page.goto(now)
    heading, faults = page.get_by_role("heading", level=1), page.locator("article.fault")
    expect(heading).to_contain_text("One thing works badly.", timeout=NAMED_WITHIN_MS)
    expect(faults).to_contain_text("Image gateway has a certificate near its end")

    page.goto(f"{now}lab/")
    page.locator("form[action='/lab/find-refused/break/'] button").click()
    expect(page.get_by_text("Now find it")).to_be_visible()

    page.goto(now)
    expect(heading).to_contain_text("One thing is broken", timeout=NAMED_WITHIN_MS)
    expect(faults.first).to_contain_text("Gqeberha PACS refuses queries")
    expect(faults).to_have_count(2)

    page.goto(f"{now}check/")
    page.locator("form:has(input[value=ubuntu]) button").first.click()
    sign = page.get_by_role("button", name=re.compile("^Sign"))
    expect(sign).to_be_visible(timeout=NAMED_WITHIN_MS)
    expect(page.get_by_role("heading", level=1)).to_contain_text("work")
    page.locator("textarea[name=remarks]").fill("Rang the PACS vendor.")
    sign.click()
    expect(page.get_by_text("Rang the PACS vendor.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Nomvula Dlamini")
    document = page.request.get(f"{page.url}pdf/")
    assert document.body().startswith(b"%PDF-")

    page.goto(f"{now}lab/")
    for fault in ("find-refused", "certificate-expiring"):
        page.locator(f"form[action='/lab/{fault}/mend/'] button").click()
        expect(page.locator(f"form[action='/lab/{fault}/break/']")).to_be_attached()
    page.goto(now)
    expect(heading).to_have_text("Everything works.", timeout=NAMED_WITHIN_MS)
    expect(page.get_by_text("Morning check of Ubuntu Radiology signed")).to_be_visible()
