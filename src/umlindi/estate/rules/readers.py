"""From what somebody wrote to a value, or `Wrong` with the reason and what would do.

A reader takes text (from YAML, CSV or a form) or a JSON value (from the API): "104" and 104 are the same port.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from umlindi.dicom.ae import NotAnAeTitle
from umlindi.dicom.ae import ae_title as dicom_ae_title

Reader = Callable[[Any], Any]

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s.,;<>\"]+(?:\.[^@\s.,;<>\"]+)*")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()/.-]*(?:(?:x|ext\.?) ?[0-9]+)?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECRET_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOUSE_SECRETS = frozenset({"secret_key", "audit_key"})
_SHOWN_AT_MOST = 60
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


class Wrong(ValueError):
    """A value that may not stand. The message is a clause for a person: why, and what would do."""


def shown(value: object) -> str:
    """A value as an error quotes it: short, on one line."""
    text = "".join(c if c.isprintable() else "·" for c in str(value))
    return quoted(text if len(text) <= _SHOWN_AT_MOST else text[:_SHOWN_AT_MOST] + "…")


def quoted(text: str) -> str:
    """Between quotation marks and otherwise as typed; the marks are double where the text has a single one."""
    mark = '"' if "'" in text else "'"
    return f"{mark}{text}{mark}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The tail of a sentence that suggests what was meant; empty where nothing is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {quoted(by_lower[found[0]])}?" if found else ""


def _scalar(raw: Any) -> str:
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, date):
        return raw.isoformat()
    if isinstance(raw, str | int | float):
        return str(raw).strip()
    raise Wrong(f"expects one value, not a {'list' if isinstance(raw, list) else 'group of keys'}")


def _forbidden(character: str, lines: bool) -> bool:
    """Control characters and the Unicode line breaks, which no field can show and some stores refuse."""
    if lines and character in "\n\t":
        return False
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or ord(character) & 0xFFFE == 0xFFFE


def text(raw: Any, *, at_most: int, lines: bool = False) -> str:
    """Text without outer spaces. `lines` permits line breaks, which become \\n."""
    value = _scalar(raw).replace("\r\n", "\n").replace("\r", "\n") if lines else _scalar(raw)
    wrong = next((character for character in value if _forbidden(character, lines)), None)
    if wrong is not None:
        raise Wrong(f"has the character U+{ord(wrong):04X}, which cannot be shown; remove it")
    if len(value) > at_most:
        raise Wrong(f"has {len(value)} characters, {at_most} are permitted")
    return value


def slug(raw: Any) -> str:
    """A short name for addresses and files: lower-case letters, digits and single hyphens."""
    value = text(raw, at_most=60)
    if value and not SLUG.fullmatch(value):
        raise Wrong(
            f"{shown(value)} is not a short name: use lower-case letters, digits and hyphens, such as {_slug(value)}"
        )
    return value


def _slug(value: str) -> str:
    return repr(slugify(value) or "mthatha-pacs")


def slugify(value: str) -> str:
    """The nearest slug to a name; empty where it has no letter or digit that ASCII knows."""
    ascii_only = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:60].strip("-")


def choice(raw: Any, *, known: Mapping[str, str]) -> str:
    """One of the known words; a word's label in any case means the word."""
    value = text(raw, at_most=200)
    by_spelling = {label.lower(): word for word, label in known.items()} | {word.lower(): word for word in known}
    if value and value.lower() not in by_spelling:
        near = nearest(value, known) or f"; known are {', '.join(sorted(known))}"
        raise Wrong(f"{shown(value)} is not known{near}")
    return by_spelling[value.lower()] if value else ""


def choices(raw: Any, *, known: Mapping[str, str]) -> list[str]:
    """A list of known words without repetition, or one text with commas."""
    items = raw if isinstance(raw, list) else re.split(r"[,\s]+", _scalar(raw))
    found = [choice(item, known=known) for item in items]
    return list(dict.fromkeys(word for word in found if word))


def day(raw: Any) -> date | None:
    """A date as ISO 8601 writes it. Other orders are refused: 03/04/2027 has two meanings."""
    value = text(raw, at_most=200)
    if not value:
        return None
    wrong = Wrong(f"{shown(value)} is not a date: write year-month-day, such as 2027-03-31")
    if not _ISO_DATE.fullmatch(value):
        raise wrong
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise wrong from error


def number(raw: Any, *, low: float, high: float, whole: bool = False, unit: str = "") -> float | int | None:
    """A number within bounds, in `unit`; a whole one also where a spreadsheet made 104 into 104.0."""
    value = _scalar(raw)
    if not value:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,6})?", value):
        raise Wrong(f"{shown(value)} is not a number")
    if whole and float(value) != int(float(value)):
        raise Wrong(f"{shown(value)} is not a whole number")
    if not low <= float(value) <= high:
        raise Wrong(f"{value} is outside {low:g} to {high:g}{unit and ' ' + unit}")
    return int(float(value)) if float(value).is_integer() else float(value)


port = partial(number, low=1, high=65535, whole=True)
"""A TCP or UDP port."""


def flag(raw: Any) -> bool | None:
    """True or false."""
    value = _scalar(raw).lower()
    if not value:
        return None
    if value not in _TRUE | _FALSE:
        raise Wrong(f"{shown(value)} is neither true nor false")
    return value in _TRUE


def ae_title(raw: Any) -> str:
    """An AE title (PS3.5 6.2) without its non-significant spaces, or empty."""
    value = _scalar(raw)
    if not value:
        return ""
    try:
        return dicom_ae_title(value)
    except NotAnAeTitle as error:
        raise Wrong(str(error)) from error


def code_string(raw: Any) -> str:
    """A DICOM code string (PS3.5 6.2, VR CS), such as a Modality; lower case is raised."""
    value = text(raw, at_most=200).upper()
    if value and not _CODE_STRING.fullmatch(value):
        raise Wrong(f"{shown(value)} is not a DICOM code: at most 16 of A-Z, 0-9, space and underscore, such as CT")
    return value


def code_strings(raw: Any) -> list[str]:
    """A list of DICOM code strings without repetition, or one text with commas."""
    items = raw if isinstance(raw, list) else _scalar(raw).split(",")
    return list(dict.fromkeys(filter(None, map(code_string, items))))


def email(raw: Any) -> str:
    value = text(raw, at_most=254)
    if value and not (value.isascii() and _EMAIL.fullmatch(value)):
        raise Wrong(f"{shown(value)} is not a mail address, such as nomvula@thusong.example")
    return value


def phone(raw: Any) -> str:
    value = text(raw, at_most=40)
    if value and not _PHONE.fullmatch(value):
        raise Wrong(f"{shown(value)} is not a telephone number, such as +27 47 555 0101 or 047 555 0101 ext 4410")
    return value


def timezone(raw: Any) -> str:
    """A zone of the IANA database."""
    value = text(raw, at_most=60)
    zones = available_timezones()
    if value and value not in zones:
        near = nearest(value, zones) or ", such as Africa/Johannesburg"
        raise Wrong(f"{shown(value)} is not a time zone{near}")
    return value


def secret_file(raw: Any) -> str:
    """The name of a file in the home's secrets folder, never a path out of it, never one of the house's own keys."""
    value = text(raw, at_most=100)
    if value in _HOUSE_SECRETS:
        raise Wrong(f"{shown(value)} is the house's own key, which no interface is given")
    if value and (not _SECRET_FILE.fullmatch(value) or ".." in value):
        raise Wrong(f"{shown(value)} is not the name of a file in the secrets folder: letters, digits, '.', '-', '_'")
    return value
