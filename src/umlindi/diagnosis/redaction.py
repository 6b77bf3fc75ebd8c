"""Takes out of text what looks like patient data, and leaves what a fault is found by.

Removed: values of DICOM dump lines of groups 0010 and 0038, person names and accession numbers; names and
identifiers with carets; values after labels (name, MRN, hospital number, date of birth); HL7 segments about
persons and results; South African ID numbers; e-mail addresses; telephone numbers. Kept: AE titles, UIDs, IP
addresses, codes, times. Where in doubt it removes: a lost word costs less than a leaked name.
"""

from __future__ import annotations

import re
from collections.abc import Callable

REMOVED = "[removed]"
LONGEST_PASSES = 5

_KEEP = rf"(?!\s*{re.escape(REMOVED)})"
_END = r"""(?=\s*(?:[,;|<>\])}"\t\r\n]|$)|\s+["']?[A-Za-z_]+["']?\s*[=:])"""

# DCMTK, dcm4che: (0010,0010) PN [X]; pydicom: (0010, 0010) Patient's Name   PN: 'X'
_PERSONAL_TAG = r"\((?:0010|0038),\s?[0-9A-Fa-f]{4}\)|\(0008,\s?0050\)|\(0040,\s?[Aa]160\)"
_DUMPED = re.compile(
    rf"((?:{_PERSONAL_TAG})(?:[^\[\]=:\"'\r\n]{{0,60}}?\b[A-Z]{{2}}\b:?|[^\[\]=:\"'\r\n]{{0,60}}?(?=[\[=:\"'])))"
    rf"{_KEEP}(?!\s*\(no value)[^\r\n]+"
)
_DUMPED_NAME = re.compile(
    rf"(\([0-9A-Fa-f]{{4}},\s?[0-9A-Fa-f]{{4}}\)[^\[\]:\r\n]{{0,60}}?\bPN\b:?){_KEEP}(?!\s*\(no value)[^\r\n]+"
)
_JSON_TAG = re.compile(r'("(?:0010|0038)[0-9A-Fa-f]{4}"\s*:\s*)\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}')
_XML_NAME = re.compile(rf"(<(?:FamilyName|GivenName|MiddleName)>){_KEEP}[^<]+")

_NEXT_SEGMENT = r"(?:MSH|EVN|PID|PD1|NK1|PV1|PV2|ORC|OBR|OBX|ERR|MSA|MRG|AL1|DG1|GT1|IN[123]|NTE|TXA|ZDS)\|"
_PERSONAL_SEGMENT = re.compile(
    rf"\b((?:PID|PD1|NK1|GT1|IN[123]|MRG|OBX|NTE)\|){_KEEP}.+?(?=(?:\\r|\\n|\\x0d|<CR>|\s)*\b{_NEXT_SEGMENT}|[\r\n]|$)"
)

_NAME_LABEL = (
    r"patient'?s?[ _]?name|pat(?:ient)?_?name|patient|surname|first[ _]?name|given[ _]?name|family[ _]?name|"
    r"(?:referring|performing|requesting|attending)[ _]?physician(?:'?s)?(?:[ _]?name)?|"
    r"patient'?s?[ _]?address|other[ _]?patient[ _]?names?|patient'?s?[ _]?mother'?s[ _]?birth[ _]?name"
)
_ID_LABEL = (
    r"(?:other[ _]?)?patient'?s?[ _]?ids?(?:[ _]?number)?|pat[ _]?id|mrn|(?:hospital|folder|file|passport|identity|"
    r"(?:sa|national)[ _]?id|id)[ _]?(?:number|no|nr)\.?|passport|accession(?:[ _]?(?:number|no)\.?)?"
)
_BIRTH_LABEL = r"(?:patient'?s?[ _]?)?birth[ _]?(?:date|day)|date[ _]?of[ _]?birth|d\.?o\.?b\.?|born(?: on)?"
_GIVEN = r"\s*[\"']?\s*(?:[:=]|(?=\[)|(?=[\"']))\s*"
_QUOTED = r"\"[^\"\r\n]*\"|'[^'\r\n]*'|\[[^\]\r\n]*\]"
_LABELLED_NAME = re.compile(rf"(\b(?:{_NAME_LABEL}){_GIVEN}){_KEEP}(?:{_QUOTED}|[^\s,;|<>\])}}\"].*?{_END})", re.I)
_LABELLED_ID = re.compile(
    rf"(\b(?:{_ID_LABEL})(?:{_GIVEN}|\s*[#:=]?\s*(?=[A-Za-z/\-]{{0,6}}\d))){_KEEP}(?:{_QUOTED}|[\w./\\^&*?\-]+)", re.I
)
_DATE = r"\d{1,4}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d{2,4}|\d{6,8}|[\w/.\-]+"
_LABELLED_BIRTH = re.compile(rf"(\b(?:{_BIRTH_LABEL})(?:{_GIVEN}|\s+(?=\d))){_KEEP}(?:{_QUOTED}|{_DATE})", re.I)

_WORD = r"[^\W\d_][\w'’.\-*?]*"
_BEFORE = r"(?:(?:(?:[Vv]an|[Vv]on|[Dd]e|[Dd]er|[Dd]en|[Dd]u|[Ll]e|[Ll]a|[Tt]e[rn]|[A-Z][A-Z'’\-]+) ){0,3})"
_COMPONENT = rf"(?:{_WORD}(?: [^\W\d_a-z][\w'’.\-]*| {_WORD}(?=[\^\]\"'|,;)=\r\n]|$)){{0,3}})?"
_NOT_A_NAME = r"(?![A-Z]{3}\^[A-Z]\d\d\b|[A-Z][A-Z0-9]{2}\^\d|[^|\r\n]{1,120}\^HL7\d{4})"
_CARETS = re.compile(
    rf"(?<![\w^&~\\.]){_NOT_A_NAME}(?:\d[\w\-/]{{0,63}}\^)?{_BEFORE}{_WORD}\^{_COMPONENT}(?:\^{_COMPONENT}){{0,6}}"
    rf"(?:={_WORD}[\w^ ]*)?"
)
_ID_CARETS = re.compile(r"(?<![\w^./\-])(?=[A-Za-z_/\-]*\d)[\w\-/]{1,64}\^{3}[\w&.\-]*(?:\^\w*)?")

_SA_ID = re.compile(r"(?<!\d)(?<!\d\.)\d{6}[ -]?\d{4}[ -]?\d{2}[ -]?\d(?!\d|\.\d)")
_EMAIL = re.compile(r"\b[\w.+%\-]+@[\w\-]+(?:\.[\w\-]+)*\.[A-Za-z]{2,}\b(?!:\d)")
_PHONE = re.compile(
    r"(?<![\w.:/\-+])(?:(?:\+|00)27[ \-]?(?:\(0\)[ \-]?)?\d{2}|\(0\d{2}\)|0[1-8]\d)"
    r"[ \-]?\d{3}[ \-]?\d{4}(?![\w:]|[.\-]\d)"
)
_PHONE_LABEL = re.compile(
    rf"(\b(?:tel(?:ephone)?|phone|cell(?:phone)?|mobile|fax)(?:[ _]?(?:number|no|numbers)\.?)?{_GIVEN}){_KEEP}"
    rf"(?:{_QUOTED}|[+()\d][\d ()\-/]{{5,20}}\d)",
    re.I,
)

# A name after the bare word, as people write it: Patient Sipho van der Merwe. Terms of DICOM stand there as well.
_TERM = (
    r"(?!(?i:root|study|series|ids?|identifiers?|identification|names?|level|birth|sex|age|weight|size|module|merge|"
    r"information|comments?|orientation|position|address|record|data|demographics?|folder|number|not|is|ie|only|mrn|"
    r"dob|query|move|get|find|scp|scu|registration|management)\b)"
)
_CAPITALISED = rf"{_TERM}[A-ZÀ-ÖØ-ÞŠŽ][^\W\d_]*(?:['’\-][^\W\d_]+)*(?![\w.=(^/])"
_PARTICLE = r"(?:van|von|der|den|de|du|le|la|ter|kwa|ka|wa)"
_SPOKEN_OF = re.compile(
    rf"(\b(?i:patient(?:['’]?s)?(?:\s+name)?|pt|pasiënt|pasient|isiguli|umguli|mokuli|mulwadze)\.?\s+)"
    rf"{_CAPITALISED}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_CAPITALISED}){{0,3}}"
)

# How a line begins that is a record of its own, not the rest of a wrapped one.
RECORD_START = re.compile(
    r"\s*(?:\d{2,4}[-/:.]\d|[EWIDFTN]: |[EWIDFT]\d{4} |[\[(]|[A-Z][A-Z0-9]{2}\||"
    r"(?:INFO|WARN|ERROR|DEBUG|TRACE|FATAL)\b)"
)
_LEFT_OPEN = re.compile(rf"(?:\^|(?:{_NAME_LABEL}|{_ID_LABEL}|{_BIRTH_LABEL})\s*[:=])\s*$", re.I)
_OPEN_SEGMENT = re.compile(rf"\b(?:PID|PD1|NK1|GT1|IN[123]|MRG|OBX|NTE)\|(?!.*\b{_NEXT_SEGMENT})")
_FIRST_VALUE = re.compile(rf"^(\s*){_KEEP}[^,;|<>\])}}\s]+(?: [A-Z][\w'’\-]+)*")


def _keep_label(found: re.Match[str]) -> str:
    return f"{found[1].rstrip(' ')} {REMOVED}" if found[1].endswith(" ") else f"{found[1]}{REMOVED}"


def _tag_only(found: re.Match[str]) -> str:
    return f"{found[1].rstrip()} {REMOVED}"


def _gone(_: re.Match[str]) -> str:
    return REMOVED


def _if_sa_id(found: re.Match[str]) -> str:
    """YYMMDD SSSS C A Z: a date, and a check digit by Luhn (Identification Act regulations)."""
    digits = "".join(character for character in found[0] if character.isdigit())
    month, day = int(digits[2:4]), int(digits[4:6])
    plausible = 1 <= month <= 12 and 1 <= day <= 31 and luhn_valid(digits)
    return REMOVED if plausible else found[0]


def luhn_valid(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1 annex B, as South African ID numbers use it."""
    doubled = [int(digit) * (2 if index % 2 else 1) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_Replacement = Callable[[re.Match[str]], str]
_PASS: tuple[tuple[re.Pattern[str], _Replacement], ...] = (
    (_DUMPED, _tag_only),
    (_DUMPED_NAME, _tag_only),
    (_JSON_TAG, _keep_label),
    (_XML_NAME, _keep_label),
    (_PERSONAL_SEGMENT, _keep_label),
    (_LABELLED_BIRTH, _keep_label),
    (_SPOKEN_OF, _keep_label),
    (_LABELLED_NAME, _keep_label),
    (_LABELLED_ID, _keep_label),
    (_ID_CARETS, _gone),
    (_CARETS, _gone),
    (_SA_ID, _if_sa_id),
    (_EMAIL, _gone),
    (_PHONE_LABEL, _keep_label),
    (_PHONE, _gone),
)


class Redactor:
    """Redacts line after line, remembering what a wrapped line left open: half a name, half a PID segment."""

    def __init__(self) -> None:
        self._open_segment = False
        self._open_value = False

    def line(self, text: str) -> str:
        """The line without what looks like patient data."""
        return stable(self.prepare(text))

    def prepare(self, text: str) -> str:
        """The cheap half of `line`: what the lines before leave open is removed; `stable` does the rest."""
        carried = self._continued(text)
        self._open_segment = carried is not None or ("|" in text and bool(_OPEN_SEGMENT.search(text)))
        if carried is not None:
            return carried
        if self._open_value and not RECORD_START.match(text):
            text = _FIRST_VALUE.sub(rf"\g<1>{REMOVED}", text)
        self._open_value = text.rstrip().endswith(("^", ":", "=")) and bool(_LEFT_OPEN.search(text))
        return text

    def _continued(self, text: str) -> str | None:
        """What is left of a line that goes on with a personal segment; None where it does not."""
        goes_on = self._open_segment and not RECORD_START.match(text) and ("|" in text or "^" in text)
        return REMOVED if goes_on else None


def stable(text: str) -> str:
    """Passes until nothing changes: what one removal joins, the next may recognise."""
    for _ in range(LONGEST_PASSES):
        before = text
        for pattern, replacement in _PASS:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    return text


def redact(text: str) -> str:
    """Text of any number of lines without what looks like patient data; line ends are kept."""
    redactor = Redactor()
    return "".join(redactor.line(line) + end for line, end in map(_split_end, text.splitlines(keepends=True)))


def _split_end(line: str) -> tuple[str, str]:
    body = line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
    return body, line[len(body) :]
