"""The first hour, on the whole product: sign in, read, break, see it named, check, sign, mend."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NAMED_WITHIN_MS = 60_000


def acknowledge(page: Page, reason: str) -> None:
    """By the keyboard alone, as at three in the morning."""
    page.locator("article.fault summary.button").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(reason)
    page.keyboard.press("Enter")
    expect(page.locator(".message.success")).to_contain_text("You have it.")


def test_a_fault_is_named_within_a_minute_checked_signed_and_mended(
    journey_browser: Browser, sign_in: Callable[[Page], str]
) -> None:
    page = journey_browser.new_page()
    page.set_default_timeout(30_000)
    now = sign_in(page)
    page.goto(now)
    heading, faults = page.get_by_role("heading", level=1), page.locator("article.fault")
    expect(heading).to_contain_text("One thing works badly.", timeout=2 * NAMED_WITHIN_MS)
    expect(faults.last).to_contain_text(re.compile("Image gateway .*has a certificate near its end"))

    page.goto(f"{now}lab/")
    page.locator("form[action='/lab/find-refused/break/'] button").click()
    expect(page.get_by_text("Now find it")).to_be_visible()

    page.goto(now)
    expect(heading).to_contain_text("One thing is broken", timeout=NAMED_WITHIN_MS)
    expect(faults.first).to_contain_text(re.compile("Gqeberha PACS .*refuses queries"))
    expect(heading).to_contain_text("One needs you within", timeout=NAMED_WITHIN_MS)
    acknowledge(page, "I ring the practice manager")
    expect(faults.first).to_contain_text("Nomvula Dlamini has it")
    expect(heading).not_to_contain_text("needs you")

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
