from __future__ import annotations

import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, sync_playwright

from umlindi.readings.queries import Chart, Point
from umlindi.readings.rules.drawing import HEIGHT, line, strip
from umlindi.readings.rules.histograms import Histogram
from umlindi.readings.rules.units import Unit, told, unit_of
from umlindi.readings.templatetags.latency import latency

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
WHOLE = Histogram({440: 100}, 4400.0, 12.0, 48.0)
PAGE = """{% extends "base_plain.html" %}{% load latency %}
{% block head %}{% include "readings/_latency_head.html" %}{% endblock %}
{% block page %}wide{% endblock %}
{% block main %}<h1>PACS at Mthatha</h1>{% latency chart "C-ECHO" "Africa/Johannesburg" %}
<details><summary>More</summary>{% latency chart "C-FIND" "Africa/Johannesburg" %}</details>{% endblock %}"""
VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=50)


def point(number: int, *, silent: bool = False) -> Point:
    at = MIDNIGHT + number * timedelta(minutes=30)
    if silent:
        return Point(at, 0, None, None, None, 0, 0)
    p50 = 12 + 4 * math.sin(number / 4)
    return Point(at, 60, p50, p50 * 2, p50 * 9, 60, 7 if number in {20, 21} else 0)


CHART = Chart("echo", [point(number, silent=30 <= number < 34) for number in range(48)], WHOLE)


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render({"chart": CHART, "house": {}}, request))


urlpatterns = [path("chart", page)]


@given(VALUES)
def test_a_line_stays_on_the_drawing_and_breaks_where_nothing_was_measured(values: list[float | None]) -> None:
    known = [value for value in values if value is not None]
    drawn = line(values, max(known, default=1.0), min([0.0, *known]))
    begins = sum(value is not None and (at == 0 or values[at - 1] is None) for at, value in enumerate(values))
    assert drawn.count("M") == begins
    heights = [float(part.split()[1].split("h")[0]) for part in drawn.replace("M", "L").split("L") if part]
    assert len(heights) == len(known)
    assert all(0 <= height <= HEIGHT for height in heights)


@given(st.lists(st.booleans(), max_size=100))
def test_each_marked_step_is_a_piece_of_the_strip(marked: list[bool]) -> None:
    assert strip(marked, len(marked)).count("z") == sum(marked)


def test_a_measure_says_in_what_it_is_counted() -> None:
    units = {"echo": Unit.MS, "offset_s": Unit.SECONDS, "disk_used_share:/var": Unit.SHARE, "studies": Unit.COUNT}
    assert {name: unit_of(name) for name in units} == units
    said = [
        told(0.42, Unit.MS),
        told(12.4, Unit.MS),
        told(2100, Unit.MS),
        told(-0.5, Unit.SECONDS),
        told(0.78, Unit.SHARE),
    ]
    assert said == ["0.4 ms", "12 ms", "2.1 s", "-0.5 s", "78 %"]
    assert told(3.21e9, unit_of("disk_bytes")) == "3.2 GB"
    assert told(14000, Unit.COUNT) == "14\N{NO-BREAK SPACE}000"


def test_the_whole_period_is_told_in_a_sentence() -> None:
    assert latency(CHART, "C-ECHO")["sentence"].endswith("all within 48 ms; 14 of 2640 answers not up.")
    silent = Chart("echo", [point(0, silent=True)], None)
    assert latency(silent, "C-ECHO")["sentence"] == "No answers in this time."
    refused = Chart("echo", [Point(MIDNIGHT, 0, None, None, None, 4, 4)], None)
    assert latency(refused, "C-ECHO")["sentence"] == "Not measured; 4 of 4 answers not up."


@pytest.fixture
def browser_page() -> Iterator[Page]:
    system = Path("/usr/bin/chromium")
    program = str(system) if system.exists() else None
    with sync_playwright() as started:
        browser = started.chromium.launch(args=["--no-sandbox", "--disable-dev-shm-usage"], executable_path=program)
        yield browser.new_page()
        browser.close()


@pytest.mark.e2e
@pytest.mark.urls(__name__)
@pytest.mark.django_db(transaction=True)
def test_with_script_the_drawing_answers_to_the_pointer_in_the_sites_time(
    live_server: object, browser_page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    complaints: list[str] = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    browser_page.goto(f"{live_server}/chart")
    figure, folded = browser_page.locator("figure.latency").all()
    over = figure.locator(".u-over")
    over.hover(position={"x": 4, "y": 40})
    legend = figure.locator(".u-legend").inner_text()
    assert "24 Nov, 02:00" in legend, "midnight in UTC"
    assert "95 % within" in legend
    assert "24 ms" in legend
    assert not figure.locator("svg").is_visible()
    browser_page.locator("summary").click()
    unfolded = folded.locator("canvas").bounding_box()
    assert unfolded is not None
    assert unfolded["width"] > 200
    browser_page.emulate_media(media="print")
    assert figure.locator("svg").is_visible()
    assert not over.is_visible()
    assert complaints == []
