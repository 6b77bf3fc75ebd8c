"""The phones keep what they are sent, whoever sends it, and refuse what is no page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from umlindi.demo.peers.phones import KEPT, Phones, phones_file, read
from umlindi.testing.peers import free_port


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    phones = Phones(free_port(), tmp_path)
    await phones.apply(frozenset())
    yield phones
    await phones.stop()


async def send(phones: Phones, path: str, **body: object) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(f"http://127.0.0.1:{phones.port}{path}", json=body)).status_code


async def test_a_page_is_on_disk_before_it_is_answered(phones: Phones, tmp_path: Path) -> None:
    assert await send(phones, "/thandeka", title="Mthatha PACS", message="refuses connections – Nqobilé") == 200
    rung = read(phones_file(tmp_path))[0]
    assert (rung.phone, rung.title, rung.text) == ("thandeka", "Mthatha PACS", "refuses connections – Nqobilé")


async def test_only_the_newest_are_kept_and_the_newest_comes_first(phones: Phones, tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        await send(phones, "/sipho", title=str(number), message="")
    kept = read(phones_file(tmp_path))
    assert len(kept) == KEPT
    assert kept[0].title == str(KEPT + 2)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"title": "x"}'])
async def test_what_is_no_page_is_refused_and_not_kept(phones: Phones, tmp_path: Path, body: bytes) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{phones.port}/x", content=body)
    assert answer.status_code == 400
    assert not read(phones_file(tmp_path))
