"""Every page as people meet it: Chromium, both themes, a desk and a phone, axe, the keyboard."""

from __future__ import annotations

import base64
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from look_pages import ACTIONS, DOCUMENTS, PAGES, PUBLIC, SECOND_STEP, SECOND_STEP_PAGES, SYSTEM

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

AXE = Path(sys.prefix).parent / "node_modules" / "axe-core" / "axe.min.js"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 800}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TARGET_PX = 44


@dataclass(frozen=True)
class Site:
    url: str
    keys: dict[str, Any]
    names: list[str]
    administrator: str
    operator: str
    password: str

    def at(self, address: str) -> str:
        return self.url + address.format(**self.keys)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """look_site in a process and a database of its own."""
    given = os.environ["DATABASE_URL"]
    name = f"look_{os.getpid()}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    environment = {**os.environ, "DATABASE_URL": urlsplit(given)._replace(path=f"/{name}").geturl()}
    program = [sys.executable, str(Path(__file__).with_name("look_site.py"))]
    with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            yield Site(f"http://127.0.0.1:{told.pop('port')}", **told)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Not longer than this module: its event loop would stand in the way of every asyncio test after it."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    system = Path("/usr/bin/chromium")
    program = {"executable_path": str(system)} if system.exists() else {}
    browser = playwright.chromium.launch(args=["--no-sandbox", "--disable-dev-shm-usage"], **program)  # type: ignore[arg-type]
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Site) -> dict[str, Any]:
    """The cookies of one who came in through the real form."""
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, site, site.administrator)
    page.wait_for_url(site.at("/"))
    state = dict(context.storage_state())
    context.close()
    return state


@pytest.fixture
def page(browser: Browser, signed_in: dict[str, Any]) -> Iterator[Page]:
    yield from watched(browser, signed_in)


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    yield from watched(browser, None)


def watched(browser: Browser, state: dict[str, Any] | None) -> Iterator[Page]:
    """A page that fails its test for any complaint of the browser: errors, warnings, a breach of the policy."""
    context = browser.new_context(viewport=DESK, storage_state=state)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"{request.failure} {request.url}"))
    yield page
    context.close()
    assert [complaint for complaint in complaints if "net::ERR_ABORTED" not in complaint] == []


def addresses(pages: dict[str, list[str]]) -> list[str]:
    return [address for each in pages.values() for address in each]


@pytest.mark.parametrize("address", addresses(PAGES))
def test_a_page_is_sound_in_both_themes_at_a_desk_and_on_a_phone(page: Page, site: Site, address: str) -> None:
    look_at(page, site.at(address))


@pytest.mark.parametrize("address", addresses(PUBLIC))
def test_a_public_page_is_sound_too(stranger: Page, site: Site, address: str) -> None:
    look_at(stranger, site.at(address))


def test_the_pages_of_a_second_step_are_sound(browser: Browser, site: Site) -> None:
    """One sets up an authenticator and comes back with it; what needs a passkey's device is left to accounts' tests."""
    for page in watched(browser, None):
        sign_in(page, site, site.operator)
        page.goto(site.at("/account/2fa/totp/activate/"))
        look_at(page, page.url)
        confirm(page, site)
        page.goto(site.at("/account/2fa/totp/activate/"))
        look_at(page, page.url)
        page.locator("details summary", has_text="cannot scan").click()
        secret = page.locator("main details code").inner_text()
        page.get_by_label("Authenticator code").fill(code_now(secret))
        page.get_by_role("button", name="Turn on").click()
        page.wait_for_load_state()
        for address in SECOND_STEP_PAGES:
            page.goto(site.at(address))
            confirm(page, site)
            look_at(page, site.at(address))
    for page in watched(browser, None):
        sign_in(page, site, site.operator)
        page.wait_for_url("**/2fa/authenticate/**")
        look_at(page, page.url)


def sign_in(page: Page, site: Site, username: str) -> None:
    page.goto(site.at("/"))
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def confirm(page: Page, site: Site) -> None:
    """Answer "Is it you?" where it is asked."""
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(site.password)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_load_state()


def code_now(secret: str) -> str:
    """What an authenticator shows: RFC 6238 with SHA-1, six digits, thirty seconds."""
    key = base64.b32decode(secret)
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def look_at(page: Page, url: str) -> None:
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == 200
    assert page.url == url, "led elsewhere"
    assert page.locator("h1").count() == 1
    page.evaluate(AXE.read_text())
    # What scrolls beneath a phone's rail is reached by scrolling: axe, which does not, would call it covered.
    page.evaluate("document.querySelectorAll('.rail').forEach(rail => rail.style.position = 'static')")
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            where = f"{theme} at {viewport['width']} px"
            assert violations(page) == [], where
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], where
    assert small_targets(page) == []


def violations(page: Page) -> list[str]:
    """What axe finds, as one line a rule with the first elements it names."""
    found = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES)
    return [
        f"{each['id']}: {[node['html'][:120] + ' ' + str(node['any'][:1]) for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]


def small_targets(page: Page) -> list[str]:
    """Buttons and the rail's links lower than a thumb needs, on a phone."""
    found: list[str] = page.evaluate(
        """least => [...document.querySelectorAll('main button, main .button, .rail a, main select, main input')]
            .filter(one => one.checkVisibility() && !['checkbox', 'radio'].includes(one.type) && !one.closest('thead'))
            .filter(one => one.getBoundingClientRect().height < least).map(one => one.outerHTML.slice(0, 120))""",
        TARGET_PX,
    )
    return found


def test_every_named_page_is_looked_at(site: Site) -> None:
    """A new page needs an example above."""
    known = {*PAGES, *PUBLIC, *SECOND_STEP, *DOCUMENTS, *ACTIONS}
    assert [name for name in site.names if name not in known] == []


def test_a_missing_page_looks_like_the_house(page: Page, site: Site) -> None:
    answer = page.request.get(site.at("/no-such-page"))
    assert answer.status == 404
    assert "There is no such page" in answer.text()


def test_the_palette_opens_a_system_by_the_keyboard_alone(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    page.keyboard.press("Control+k")
    page.keyboard.type("mthatha pacs")
    page.wait_for_selector("#hits a:has-text('Mthatha PACS')")
    page.wait_for_function("document.querySelector('#hits [aria-selected=true]')?.textContent.includes('Mthatha PACS')")
    page.keyboard.press("Enter")
    page.wait_for_url(site.at(SYSTEM))


def test_one_esc_closes_the_palette_with_words_in_it(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    page.keyboard.press("Control+k")
    page.keyboard.type("mthatha")
    page.wait_for_selector("#hits a:has-text('Mthatha PACS')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#palette", state="hidden")


def test_letters_go_to_rooms_and_can_be_turned_off(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    page.keyboard.type("ge")
    page.wait_for_url(site.at("/estate/"))
    page.keyboard.press("?")
    page.get_by_label("Single-letter shortcuts are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.type("gn")
    page.wait_for_timeout(300)
    assert page.url == site.at("/estate/")


def test_a_theme_once_chosen_is_the_pages_first_colour(page: Page, site: Site) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(site.at("/"))
    page.locator(".person summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(12, 16, 19)"
    answer = page.goto(site.at("/check/"))
    assert answer is not None
    assert 'data-theme="dark"' in answer.text()


def test_a_table_sorts_by_its_heads_and_filters(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    names = page.locator("#estate tbody th a")
    page.get_by_role("button", name="System").click()
    assert names.all_inner_texts() == sorted(names.all_inner_texts())
    page.get_by_role("button", name="System").click()
    assert names.all_inner_texts() == sorted(names.all_inner_texts(), reverse=True)
    page.keyboard.press("/")
    page.keyboard.type("ris database")
    assert page.locator("#estate tbody tr:visible").count() == 1


def test_a_live_page_keeps_what_was_open_sorted_and_focused(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    ladder = page.locator("details[id^=ladder-]").first
    ladder.locator("summary").click()
    page.get_by_role("button", name="System").click()
    button = page.get_by_role("button", name="Probe").first
    button.focus()
    page.evaluate("document.querySelector('#live').dataset.old = 'yes'")
    refresh(page)
    page.wait_for_selector("#live:not([data-old])", state="attached")
    assert page.locator("details[id^=ladder-]").first.get_attribute("open") is not None
    assert page.locator("#estate thead [aria-sort=ascending]").inner_text() == "System"
    assert page.evaluate("document.activeElement.id") == button.get_attribute("id")


def test_a_live_page_swaps_without_a_complaint_where_a_style_was_left_behind(page: Page, site: Site) -> None:
    """A field that was stretched, or once had its caret hidden, keeps a `style` that the policy lets no script write
    into another: what is put in anew does not take it over. `page` fails for what the console says."""
    page.goto(site.at("/"))
    page.evaluate(
        "for (const one of document.querySelectorAll('#live [id]')) { one.style.top = '0'; one.style.top = ''; }"
    )
    assert page.locator("#live input[id][style]").count() > 0
    page.evaluate("document.querySelector('#live').dataset.old = 'yes'")
    refresh(page)
    page.wait_for_selector("#live:not([data-old])", state="attached")
    page.wait_for_timeout(200)


def test_the_first_alert_that_waits_has_the_first_button_whatever_came_above_it(page: Page, site: Site) -> None:
    """Its answer is preserved over a live update, with the class it had."""
    page.goto(site.at("/"))
    waiting = page.locator(".waits .answer > summary")
    assert waiting.count() > 1
    colours = "all => all.map(one => getComputedStyle(one).backgroundColor)"
    first, *others = waiting.evaluate_all(colours)
    assert first not in others
    page.evaluate("document.querySelector('.work').prepend([...document.querySelectorAll('.waits')].at(-1))")
    assert waiting.evaluate_all(colours) == [first, *others]


def test_a_chart_has_no_legend_until_it_is_pointed_at(page: Page, site: Site) -> None:
    page.goto(site.at(SYSTEM))
    page.locator("#speeds").evaluate("one => { one.open = true; }")
    legend = page.locator(".latency .u-legend").first
    legend.wait_for(state="attached")
    assert not legend.is_visible()
    page.locator(".latency .u-over").first.hover()
    assert legend.is_visible()
    page.mouse.move(0, 0)
    assert not legend.is_visible()


@pytest.mark.parametrize("address", ["/", SYSTEM])
def test_a_probe_asked_for_is_said_to_be_under_way(page: Page, site: Site, address: str) -> None:
    page.goto(site.at(address))
    page.get_by_role("button", name="Mthatha PACS Query and retrieve").click()
    page.wait_for_selector("text=Being probed…")
    page.wait_for_selector("text=Being probed…", state="detached")
    assert page.locator("#live").count() == 1


def test_a_live_page_says_when_it_no_longer_hears_from_the_house(browser: Browser, signed_in: Any, site: Site) -> None:
    context = browser.new_context(storage_state=signed_in)
    page = context.new_page()
    page.goto(site.at("/"))
    context.set_offline(True)
    refresh(page)
    page.wait_for_selector("#silent:visible")
    context.set_offline(False)
    refresh(page)
    page.wait_for_selector("#silent", state="hidden")
    context.close()


def test_a_live_page_greys_once_it_is_too_old_and_catches_up_by_itself(
    browser: Browser, signed_in: Any, site: Site
) -> None:
    """A computer that slept, and one whose clock was set: both asked nothing for longer than the page allows."""
    context = browser.new_context(storage_state=signed_in)
    page = context.new_page()
    page.clock.install()
    page.goto(site.at("/"))
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(45_000)
    page.wait_for_selector("body.stale #silent:visible")
    page.unroute("**/*")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("body:not(.stale) #silent", state="hidden")
    context.close()


def test_clocks_run_by_the_servers_time_whatever_this_computers(page: Page, site: Site) -> None:
    page.clock.install(time="2031-01-01T00:00:00Z")
    page.goto(site.at("/alerts/{alert}/"))
    left = page.locator("main [data-until]").first
    before = left.inner_text()
    assert left.get_attribute("class") != "" and ("left" in before or "over by" in before)
    assert "d" not in before.split()[-2], "the browser's own year was believed"
    page.clock.run_for(3_000)
    assert left.inner_text() != before


def test_an_answer_half_typed_is_kept_while_the_page_goes_on(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    page.locator("#alert-{alert} summary.button".format(**site.keys)).click()
    reason = page.locator("#reason-{alert}".format(**site.keys))
    reason.fill("I ring the ven")
    page.evaluate("document.querySelector('#live').dataset.old = 'yes'")
    refresh(page)
    page.wait_for_selector("#live:not([data-old])", state="attached")
    assert reason.input_value() == "I ring the ven"
    assert reason.is_visible()
    page.keyboard.type("dor")
    assert reason.input_value() == "I ring the vendor"


def test_every_page_says_how_many_alerts_are_open(page: Page, site: Site) -> None:
    page.goto(site.at("/people/"))
    count = page.locator("#alarms").get_attribute("data-open")
    assert int(count or 0) > 0
    page.wait_for_function(f"document.title.startsWith('({count}) ')")
    assert (page.locator("link[rel=icon]").get_attribute("href") or "").startswith("data:image/svg+xml")


def test_the_wall_never_scrolls(stranger: Page, site: Site) -> None:
    stranger.set_viewport_size({"width": 1920, "height": 1080})
    stranger.goto(site.at("/wall/{wall}/"))
    assert stranger.evaluate("document.documentElement.scrollHeight") <= 1080
    lowest = stranger.evaluate(
        "Math.max(...[...document.querySelectorAll('.wall *')].map(one => one.getBoundingClientRect().bottom))"
    )
    assert lowest <= 1080


def test_a_live_page_of_one_signed_out_meanwhile_leads_to_the_sign_in(page: Page, site: Site) -> None:
    page.goto(site.at("/"))
    page.context.clear_cookies()
    refresh(page)
    page.wait_for_url("**/account/login/**")


def refresh(page: Page) -> None:
    """What the page does by itself every few seconds."""
    page.evaluate(
        "htmx.ajax('GET', location.pathname, {source: '#live', target: '#live', swap: 'outerHTML'}).catch(() => {})"
    )


def test_a_page_works_without_script(browser: Browser, signed_in: dict[str, Any], site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.at("/"))
    page.get_by_role("link", name="Find a system or page…").click()
    page.get_by_role("searchbox", name="Find a system or page").fill("komani")
    page.get_by_role("button", name="Find").click()
    assert "komani" in page.locator("h1").inner_text()
    context.close()
