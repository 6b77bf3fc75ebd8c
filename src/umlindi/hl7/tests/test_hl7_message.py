"""The reader accepts what interfaces send; the writer sends what the standard says; reading undoes writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.hl7.message import STANDARD, NotHl7, Separators, escape, message, parse, parse_text, unescape

HEADER = "MSH|^~\\&|RIS|KHAYELITSHA|PACS|TYGERBERG|20260817070000+0200||ORM^O01^ORM_O01|42|P|2.5"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(text=TEXT)
def test_unescaping_undoes_escaping(text: str) -> None:
    assert unescape(escape(text), encoding="utf-8") == text


@given(text=TEXT)
def test_escaped_text_holds_no_separator_and_no_control_character(text: str) -> None:
    wire = escape(text)
    assert not any(mark in wire for mark in "|^~&")
    assert all(ord(character) >= 0x20 for character in wire)


@given(text=TEXT, other=TEXT)
def test_a_written_component_is_read_back(text: str, other: str) -> None:
    header = ("MSH", "A", "B", "C", "D", "", "", "ADT^A08", "1", "P", "2.5", "", "", "", "", "", "UNICODE UTF-8")
    sent = message(header, ("ZTX", f"{escape(text)}^{escape(other)}"))
    segment = parse(sent.encode()).all("ZTX")[0]
    assert (segment.text(1), segment.text(1, 2)) == (text, other)


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for candidate in (content, b"MSH" + content, HEADER.encode() + b"\r" + content):
        try:
            parse(candidate)
        except NotHl7:
            continue


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n", "\r\r\n"])
def test_segments_end_as_they_are_found_in_practice(ending: str) -> None:
    read = parse(ending.join([HEADER, "PID|1", ""]).encode())
    assert [segment.name for segment in read.segments] == ["MSH", "PID"]
    assert read.encode() == f"{HEADER}\rPID|1\r".encode()


def test_fields_are_numbered_as_the_standard_numbers_them() -> None:
    header = parse(HEADER.encode()).header
    assert header.raw(1) == "|"
    assert header.raw(2) == "^~\\&"
    assert header.text(3) == "RIS"
    assert (header.text(9, 1), header.text(9, 2), header.text(10), header.raw(18)) == ("ORM", "O01", "42", "")


def test_unusual_separators_are_obeyed() -> None:
    read = parse(b"MSH#*~!&#RIS#A\rZTX#one*two!F!three\r")
    assert read.header.separators == Separators("#", "*", "~", "!", "&")
    assert read.all("ZTX")[0].text(1, 2) == "two#three"


@pytest.mark.parametrize(
    ("declared", "codec", "name"),
    [
        ("8859/1", "latin-1", "JOUBÉRT"),
        ("UNICODE UTF-8", "utf-8", "NOMVULA Ñ"),
        ("8859/15", "iso-8859-15", "ŽIVKO"),
        ("", "utf-8", "ÉLISE"),
        ("", "latin-1", "ÉLISE"),
        ("NOBODY'S SET", "utf-8", "ÉLISE"),
    ],
)
def test_the_character_set_is_msh_18_or_what_fits(declared: str, codec: str, name: str) -> None:
    header = f"{HEADER}||||||{declared}"
    read = parse(f"{header}\rZTX|{name}\r".encode(codec))
    assert read.all("ZTX")[0].text(1) == name
    assert read.encode() == f"{header}\rZTX|{name}\r".encode(codec)


def test_hexadecimal_escapes_are_read_in_the_messages_character_set() -> None:
    assert unescape("\\XC3A9\\", STANDARD, "utf-8") == "é"
    assert unescape("\\XE9\\", STANDARD, "latin-1") == "é"
    assert unescape("a\\.br\\b\\H\\c\\Zx\\", STANDARD) == "a\nb\\H\\c\\Zx\\"


@pytest.mark.parametrize(
    "content", [b"", b"PID|1", b"MSH", b"MSHAAAAAA", b"MSH|^|x|y", b"<html>", HEADER.encode() + b"\rnot a segment"]
)
def test_what_is_not_hl7_is_refused_without_quoting_it(content: bytes) -> None:
    with pytest.raises(NotHl7) as refusal:
        parse(content)
    assert "not a segment" not in str(refusal.value)


def test_text_is_encoded_as_its_own_msh_18_says() -> None:
    assert parse_text(f"{HEADER}||||||8859/1\nZTX|é").encode().endswith(b"ZTX|\xe9\r")
    with pytest.raises(UnicodeEncodeError):
        parse_text(f"{HEADER}||||||8859/1\nZTX|€").encode()
