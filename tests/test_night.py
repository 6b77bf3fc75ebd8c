"""A night on call, on the whole product: two faults, two phones, an answer, an escalation, and an end.

One fault is answered and goes no further; the other is not, and comes to the second person. Each is one alert.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from umlindi.demo import lab
from umlindi.demo.peers.phones import Rung, phones_file, read
from umlindi.demo.staffing import ESCALATES_AFTER, PEOPLE
from umlindi.testing.product import Up

pytestmark = [pytest.mark.e2e, pytest.mark.waits, pytest.mark.timeout(480)]

FIRST_LINE = {PEOPLE[0][0], PEOPLE[1][0]}
SECOND_LINE = PEOPLE[2][0]
NAMED_WITHIN_MS = 60_000
PAGED_WITHIN_S = 60
DEMO_WITHIN_S = 60
ESCALATED_WITHIN_S = ESCALATES_AFTER * 60 + 45
ANSWERED, UNANSWERED = "Komani archive", "Gqeberha PACS"


def test_one_fault_is_one_alert_that_escalates_until_answered_and_ends_when_mended(
    product: Up, journey_browser: Browser, sign_in: Callable[[Page], str]
) -> None:
    page = journey_browser.new_page(viewport={"width": 360, "height": 740})
    page.set_default_timeout(30_000)
    now = sign_in(page)
    wait_until_alive(product.home)
    lab.break_fault(product.home, "listener-down", "thusong/komani/archive")
    lab.break_fault(product.home, "find-refused", "ubuntu/gqeberha/pacs")
    broken = time.monotonic()

    first = wait_for(product.home, PAGED_WITHIN_S, pages_about(ANSWERED))
    assert len(first) == 1
    assert first[0].phone in FIRST_LINE
    assert "refuses connections" in first[0].title
    assert "Casualty and 1 reading room" in first[0].text
    assert "First: " in first[0].text
    assert time.monotonic() - broken < PAGED_WITHIN_S

    page.goto(now)
    card = page.locator("article.fault", has=page.get_by_role("heading", name=re.compile(ANSWERED)))
    expect(card).to_have_count(1, timeout=NAMED_WITHIN_MS)
    expect(card).to_contain_text("nothing listens")
    card.get_by_text("Acknowledge").first.click()
    card.get_by_label("What you do about it").fill("Starting the service")
    card.get_by_role("button", name="I have it").click()
    expect(page.locator("article.fault.held")).to_contain_text("has it", timeout=NAMED_WITHIN_MS)

    escalated = wait_for(product.home, ESCALATED_WITHIN_S, pages_about(UNANSWERED, SECOND_LINE))
    assert escalated
    assert not pages_about(ANSWERED, SECOND_LINE)(product.home), "an answered alert goes no further"

    lab.mend(product.home, "listener-down")
    lab.mend(product.home, "find-refused")
    over = wait_for(product.home, PAGED_WITHIN_S, pages_about(ANSWERED, title="[OVER]"))
    assert {rung.phone for rung in over} <= FIRST_LINE
    wait_for(product.home, PAGED_WITHIN_S, pages_about(UNANSWERED, SECOND_LINE, title="[OVER]"))

    alerts = page.request.get(f"{now}api/alerts/?state=over").json()
    about = [card["alert"] for card in alerts if ANSWERED in card["alert"]["title"]]
    assert len(about) == 1
    assert datetime.fromisoformat(about[0]["resolved_at"]) > datetime.fromisoformat(about[0]["since"])


def wait_until_alive(home: Path) -> None:
    """The product is ready before its demo is."""
    ends = time.monotonic() + DEMO_WITHIN_S
    while not lab.state(home).alive:
        assert time.monotonic() < ends
        time.sleep(0.5)


Pages = Callable[[Path], list[Rung]]


def pages_about(subject: str, phone: str = "", title: str = "[") -> Pages:
    """What a phone, or any, was sent of a subject under a title that begins so."""

    def found(home: Path) -> list[Rung]:
        rungs = read(phones_file(home / "demo"))
        fresh = [rung for rung in rungs if subject in rung.title and rung.title.startswith(title)]
        return [rung for rung in fresh if phone in ("", rung.phone)]

    return found


def wait_for(home: Path, seconds: float, pages: Pages) -> list[Rung]:
    """The pages, as soon as there are any. Fails after so many seconds."""
    ends = time.monotonic() + seconds
    while not (found := pages(home)):
        assert time.monotonic() < ends, f"nothing came within {seconds} s"
        time.sleep(0.5)
    return found
