"""Tables as sites keep them: Excel's separators and encodings in, and CSV that no spreadsheet runs out."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 2_000_000
MOST_ROWS = 5_000
SEPARATORS = ";,\t|"
_HEADING_WITHIN = 10
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = {
    b"PK\x03\x04": "an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
}
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What begins like a formula and is none: telephone numbers, negative numbers, a dash for nothing.
_HARMLESS = re.compile(r"[+-]?[0-9 ().,/-]*")


def is_list_name(name: str) -> bool:
    """Whether a file is a list by its name; an estate file is .yaml or anything else."""
    return name.lower().endswith((".csv", ".tsv", ".txt", ".xlsx", ".xls"))


class NotATable(Exception):
    """The file cannot be read as a table; says what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` maps a meaning to the heading as it stands; `rows` are (row number from 1, cells by meaning)."""

    columns: dict[str, str]
    unknown: list[str]
    rows: list[tuple[int, dict[str, str]]]


def read(data: bytes, known: Callable[[str], str], needed: Sequence[str]) -> Table:
    """`known` says what a heading means ("" for nothing); every meaning in `needed` must have a column.

    Raises `NotATable`. Blank rows are left out, but counted as a spreadsheet counts them.
    """
    text = decode(data)
    best = max((_parse(text, separator, known) for separator in SEPARATORS), key=lambda found: len(found.columns))
    missing = [meaning for meaning in needed if meaning not in best.columns]
    if missing:
        raise NotATable(f"no row of headings with {' and '.join(missing)} stands in the first {_HEADING_WITHIN} rows")
    if len(best.rows) > MOST_ROWS:
        raise NotATable(f"the table has {len(best.rows)} rows, {MOST_ROWS} are permitted; split it")
    return best


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 with or without its mark, or else Windows-1252, which is what Excel writes in these parts."""
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise NotATable(f"this is {what}; open it and save it as CSV (UTF-8)")
    if len(data) > MOST_BYTES:
        raise NotATable(f"the file is larger than {MOST_BYTES // 1_000_000} MB; split it")
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "") or _unmarked_utf16(data)
    for candidate in (encoding, "utf-8", "cp1252"):
        try:
            if candidate:
                return data.decode(candidate).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise NotATable("the file is text in no encoding we know; save it as CSV (UTF-8)")


def _unmarked_utf16(data: bytes) -> str:
    """UTF-16 of mostly Latin text has a zero at every second byte."""
    sample = data[:400]
    if sample[1::2].count(0) > len(sample) // 3:
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > len(sample) // 3 else ""


def _parse(text: str, separator: str, known: Callable[[str], str]) -> Table:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise NotATable(f"the file is not CSV: {error}") from error
    at = max(range(min(_HEADING_WITHIN, len(rows))), key=lambda row: len(_meanings(rows[row], known)), default=None)
    if at is None:
        return Table({}, [], [])
    meanings = _meanings(rows[at], known)
    columns = {meaning: _clean(rows[at][index]) for meaning, index in meanings.items()}
    unknown = [heading for heading in map(_clean, rows[at]) if heading and heading not in columns.values()]
    return Table(columns, unknown, list(_filled(rows, at + 1, meanings)))


def _meanings(headings: list[str], known: Callable[[str], str]) -> dict[str, int]:
    """The column of each meaning; the first where a meaning comes twice."""
    found: dict[str, int] = {}
    for index, heading in enumerate(headings):
        if meaning := known(_clean(heading)):
            found.setdefault(meaning, index)
    return found


def _filled(rows: list[list[str]], start: int, meanings: dict[str, int]) -> Iterable[tuple[int, dict[str, str]]]:
    for number, row in enumerate(rows[start:], start + 1):
        if any(map(_clean, row)):
            yield number, {meaning: _clean(row[at]) if at < len(row) else "" for meaning, at in meanings.items()}


def _clean(cell: str) -> str:
    return cell.replace("\u00a0", " ").replace("\ufeff", "").strip()


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this cell instead of showing it."""
    return cell.startswith(_STARTS_FORMULA) and not _HARMLESS.fullmatch(cell)


def write(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV for a spreadsheet: with a mark for Excel, and with an apostrophe before what it would run."""
    stream = io.StringIO(newline="")
    stream.write("\ufeff")
    writer = csv.writer(stream)
    writer.writerow(headings)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _safe(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if is_formula(text) else text
