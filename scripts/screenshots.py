"""Make the pictures of the guides in docs/guide from a running demo.

    python scripts/screenshots.py http://127.0.0.1:8600 USERNAME PASSWORD

The person must be an administrator who has a password of their own. Breaks a fault of the lab, mends all, and runs and
signs a morning check: point it at a fresh demo alone. Each picture is of what a reader of the guide sees at that step.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "guide" / "img"
CHROMIUM = Path("/usr/bin/chromium")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
FAULT = "C-ECHO works, C-FIND is refused"
BROKEN = "Gqeberha PACS"
PROBED_MS = 90_000


class Album:
    """A browser at the demo, and the folder its pictures go to."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url.rstrip("/")
        self.page: Page = browser.new_page(viewport=DESK, color_scheme="light")  # type: ignore[arg-type]

    def open(self, address: str) -> None:
        self.page.goto(self.url + address)
        self.page.wait_for_load_state("networkidle")

    def take(self, name: str, of: str = "") -> None:
        """What the window shows, or one piece of the page."""
        self.page.evaluate("document.fonts.ready")
        shown = self.page.locator(of).first if of else self.page
        shown.screenshot(path=FOLDER / f"{name}.png")


def sign_in(album: Album, username: str, password: str) -> None:
    album.open("/")
    album.take("sign-in")
    album.page.get_by_label("Username").fill(username)
    album.page.get_by_label("Password").fill(password)
    album.page.get_by_role("button", name="Sign in").click()
    album.page.wait_for_url(re.compile(re.escape(album.url) + "/$"))


def first(album: Album) -> None:
    """A fresh demo has one fault of its own."""
    expect(album.page.locator("h1")).to_have_text(re.compile("One thing works badly"), timeout=PROBED_MS)
    album.take("now-first")


def lab(album: Album) -> None:
    album.open("/lab/")
    album.take("lab")
    album.page.get_by_role("article", name=FAULT).get_by_role("button", name="Break").click()
    expect(album.page.locator("h1")).to_have_text(re.compile("Two things are broken"))


def broken(album: Album) -> None:
    """What the lab broke, as Now names it, and the ladder that shows it."""
    album.open("/")
    expect(album.page.locator("article.fault").first).to_contain_text(BROKEN, timeout=PROBED_MS)
    album.take("now-broken")
    album.page.locator("summary", has_text="The ladder").first.click()
    album.take("ladder", of="article.fault")


def palette(album: Album) -> None:
    album.page.keyboard.press("Control+k")
    album.page.keyboard.type("mthatha")
    album.page.wait_for_selector("#hits a:has-text('Mthatha PACS')")
    album.take("palette")
    album.page.keyboard.press("Escape")


def phone(album: Album) -> None:
    album.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    album.page.emulate_media(color_scheme="dark")
    album.open("/")
    album.take("phone")
    album.page.emulate_media(color_scheme="light")
    album.page.set_viewport_size(DESK)  # type: ignore[arg-type]


def told(album: Album) -> None:
    """The phones of the people on call, and the alert that rang them."""
    album.open("/lab/")
    expect(album.page.locator("section", has_text="The phones")).to_contain_text(BROKEN, timeout=PROBED_MS)
    album.take("phones", of="section[aria-labelledby=phones-title]")


def answer(album: Album) -> None:
    """From a phone in the dark: whose it is, why, and until when."""
    album.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    album.page.emulate_media(color_scheme="dark")
    album.open("/")
    card = album.page.locator("article.fault", has_text=BROKEN).first
    card.get_by_text("Acknowledge").first.click()
    card.get_by_label("What you do about it").fill("Giving our AE title the right to query again")
    card.locator("details.answer").scroll_into_view_if_needed()
    album.take("answer")
    card.get_by_role("button", name="I have it").click()
    expect(album.page.locator("article.fault.held")).to_contain_text("has it")
    album.page.emulate_media(color_scheme="light")
    album.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    album.open("/alerts/")
    album.take("alerts")
    album.page.get_by_role("link", name=re.compile(BROKEN)).first.click()
    album.page.wait_for_load_state("networkidle")
    album.take("alert")
    album.open("/wall/")
    album.take("wall")


def check(album: Album) -> None:
    album.open("/check/")
    album.take("checks")
    album.page.get_by_role("button", name="Check Ubuntu Radiology now").click()
    album.page.get_by_label("Remarks").wait_for(timeout=PROBED_MS)
    album.page.get_by_label("Remarks").fill(
        "C-FIND refused at Gqeberha: the practice manager knows, the vendor is rung."
    )
    album.take("check")
    album.page.get_by_role("button", name="Sign as").click()
    album.page.get_by_role("heading", name="Signed").wait_for()
    album.take("check-signed")


def mend(album: Album) -> None:
    album.open("/lab/")
    for left in ("One thing is broken", "Nothing is broken"):
        album.page.get_by_role("button", name="Mend").first.click()
        expect(album.page.locator("h1")).to_have_text(re.compile(left))
    album.open("/")
    expect(album.page.locator("h1")).to_have_text(re.compile("Everything works"), timeout=PROBED_MS)
    album.take("now-calm")


def rooms(album: Album) -> None:
    for name, address in (
        ("estate", "/estate/"),
        ("system", "/estate/thusong/mthatha/pacs/"),
        ("import", "/estate/-/import/"),
        ("people", "/people/"),
        ("account", "/account/"),
        ("audit", "/audit/"),
        ("on-call", "/oncall/"),
        ("reached", "/oncall/me/"),
        ("escalation", "/alerts/policies/"),
        ("uptime", "/uptime/"),
        ("windows", "/uptime/windows/new/"),
        ("heartbeats", "/heartbeats/"),
        ("status", "/see/thusong/"),
    ):
        album.open(address)
        album.take(name)


STEPS: tuple[Callable[[Album], None], ...] = (
    first,
    lab,
    broken,
    palette,
    phone,
    told,
    answer,
    check,
    mend,
    rooms,
)


def main() -> None:
    asked = argparse.ArgumentParser(description="Make the guide's pictures from a running demo.")
    for name in ("url", "username", "password"):
        asked.add_argument(name)
    given = asked.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        program = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        album = Album(browser, given.url)
        sign_in(album, given.username, given.password)
        for step in STEPS:
            step(album)
        browser.close()


if __name__ == "__main__":
    main()
