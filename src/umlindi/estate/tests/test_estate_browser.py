"""The main flows in a real browser: bring a file, look, confirm; add an interface; two people at one form; remove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from umlindi.accounts.rules import Role
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Interface, System
from umlindi.testing.estate import PASSWORD, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SAMPLES = Path(__file__).parents[4] / "docs" / "samples"
MTHATHA = "Thusong Provincial Hospital · Mthatha"
PACS = "/estate/thusong/mthatha/pacs/"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium where there is one, else Playwright's own."""
    with sync_playwright() as playwright:
        program = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
        browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-dev-shm-usage"], executable_path=program)
        yield browser
        browser.close()


def sign_in(browser: Browser, site: str, username: str) -> Page:
    page = browser.new_page(base_url=site, viewport={"width": 1440, "height": 900})
    page.goto("/account/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("navigation", name="Rooms").wait_for()
    return page


def bring(page: Page, file: str, site: str = "") -> None:
    page.goto("/estate/-/import/")
    page.locator("input[type=file]").set_input_files(SAMPLES / file)
    if site:
        page.get_by_label("Site of the list").select_option(label=site)
    page.get_by_role("button", name="Look at it").click()


def add_dicom(page: Page) -> None:
    """A typing error first: it is named, and what was typed stays."""
    page.get_by_role("link", name="Add an interface").click()
    page.get_by_role("link", name="DICOM", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Second listener")
    page.get_by_label("Host", exact=True).fill("10.20.4.010")
    page.get_by_label("Port", exact=True).fill("4242")
    page.get_by_label("Called AE title").fill("MTHATHA2")
    tick, label = page.get_by_label("Probe it").bounding_box(), page.get_by_text("Probe it", exact=True).bounding_box()
    assert tick and label
    assert abs(tick["y"] - label["y"]) < 10, "a tick stands beside its label"
    for word in ("echo", "find"):
        page.get_by_label(word, exact=True).check()
    assert not page.get_by_label("Our AE title for C-MOVE").is_visible()
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("write 10.20.4.10").wait_for()
    assert page.get_by_label("Port", exact=True).input_value() == "4242"
    page.get_by_label("Host", exact=True).fill("10.20.4.10")
    page.get_by_role("button", name="Add it").click()
    page.get_by_text("Second listener was added").or_(page.get_by_text("was added.")).first.wait_for()


def both_change(first: Page, second: Page) -> None:
    for page in (first, second):
        page.goto(f"{PACS}-/edit/")
    second.get_by_label("Vendor").fill("Orthanc Team")
    second.get_by_role("button", name="Save").click()
    second.get_by_text("was saved").wait_for()
    first.get_by_label("Version").fill("1.12.5")
    first.get_by_role("button", name="Save").click()
    first.get_by_text("Sipho Gxowa changed this").wait_for()
    first.get_by_text("Now: Orthanc Team").wait_for()
    assert first.get_by_label("Version").input_value() == "1.12.5"


def remove_the_modality(page: Page) -> None:
    page.goto("/estate/thusong/mthatha/pacs-host/-/remove/")
    page.get_by_label("Reason").fill("replaced")
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("while this stands on it: Mthatha PACS").wait_for()
    page.goto("/estate/thusong/mthatha/ct1/-/remove/")
    page.get_by_label("Reason").fill("scrapped")
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("CT 1 was removed").wait_for()


def test_an_estate_is_brought_grown_and_cut_in_a_browser(live_server: LiveServer) -> None:
    boss = make_user(Role.ADMINISTRATOR)
    other = make_user(Role.ADMINISTRATOR, first_name="Sipho", last_name="Gxowa")
    with chromium() as browser:
        page = sign_in(browser, live_server.url, boss.username)
        bring(page, "estate.yaml")
        page.get_by_role("heading", name="would add ten").wait_for()
        page.get_by_role("button", name="Import it").click()
        page.get_by_role("heading", name="Three systems at one site").wait_for()
        bring(page, "titles-with-errors.csv")
        page.get_by_text("choose its site").wait_for()
        bring(page, "titles-with-errors.csv", site=MTHATHA)
        page.get_by_role("heading", name="eight things to put right").wait_for()
        bring(page, "titles-excel-semicolons.csv", site=MTHATHA)
        page.get_by_role("button", name="Import it").click()
        page.get_by_role("link", name="Digital X-ray").wait_for()
        page.goto(PACS)
        page.get_by_role("link", name="Mthatha PACS server").first.wait_for()
        add_dicom(page)
        both_change(page, sign_in(browser, live_server.url, other.username))
        remove_the_modality(page)
    added = Interface.objects.get(called="MTHATHA2")
    assert (added.calling, added.settings) == ("UMLINDI", {"expect": ["echo", "find"]})
    assert not System.objects.filter(slug="ct1").exists()
    assert AuditEvent.objects.latest("seq").reason == "scrapped"
