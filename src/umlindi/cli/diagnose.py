"""`umlindi diagnose`: ranks likely causes from a pasted log."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TextIO

import click

from umlindi.diagnosis import LogReport, Redactor, diagnose_log
from umlindi.diagnosis.reading import Unusable, text_lines
from umlindi.diagnosis.telling import told

_BEFORE_IT_LEAVES = "Read it before it leaves the house: a name without a label cannot be recognised."

NOTHING_FOUND, FOUND, UNUSABLE = 0, 1, 3


@click.command("diagnose")
@click.argument("file", metavar="FILE|-")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--save", metavar="REDACTED_FILE", help="Write the log, redacted, to this file.")
def command(file: str, as_json: bool, save: str | None) -> None:
    """Rank likely causes from a pasted log (DCMTK, pynetdicom, Orthanc, dcm4che, HL7 engines, OpenSSL).

    Patient data is taken out before anything is shown or saved. Exit code 0: nothing looks like a fault;
    1: something does; 3: the input cannot be used.
    """
    try:
        report = _diagnosed(file, save)
    except (OSError, Unusable) as error:
        click.echo(f"{file}: {_reason(error)}", err=True)
        sys.exit(UNUSABLE)
    if save is not None:
        click.echo(_BEFORE_IT_LEAVES, err=True)
    click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2) if as_json else told(report))
    sys.exit(FOUND if report.findings else NOTHING_FOUND)


def _diagnosed(file: str, save: str | None) -> LogReport:
    with ExitStack() as open_files:
        stream: BinaryIO = sys.stdin.buffer if file == "-" else open_files.enter_context(Path(file).open("rb"))
        lines: Iterable[str] = text_lines(stream)
        if save is None:
            return diagnose_log(lines)
        if file != "-" and Path(save).exists() and Path(save).samefile(file):
            raise Unusable("the redacted log needs a file of its own")
        return diagnose_log(_saving(lines, open_files.enter_context(Path(save).open("w", encoding="utf-8"))))


def _saving(lines: Iterable[str], saved: TextIO) -> Iterator[str]:
    redactor = Redactor()
    for line in lines:
        saved.write(redactor.line(line) + "\n")
        yield line


def _reason(error: OSError | Unusable) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
    return str(error)
