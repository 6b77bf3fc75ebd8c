"""What the probe commands share: their options, reading targets and secrets, telling the result."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from umlindi.hosts.http import Credential
from umlindi.probes import Deadline, Permanent, ProbeResult, report
from umlindi.probes.transport import Trust

F = TypeVar("F", bound=Callable[..., Any])

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
CREDENTIAL_VARIABLE = "UMLINDI_CREDENTIAL"


# A name or an address; neither the scheme of a URL nor an AE title stands before it.
_HOST = re.compile(r"\[?[^\s/@\[\]]+\]?")


class Unusable(click.ClickException):
    """The probe could not be made at all: one sentence, exit code 3 (unknown)."""

    exit_code = report.EXIT_UNKNOWN


@dataclass(frozen=True, slots=True)
class Telling:
    """How long to try, and how to say what came of it."""

    deadline: float
    as_json: bool
    nagios: bool


def _folded(options: Iterable[Callable[[F], F]], name: str, fold: Callable[..., Any]) -> Callable[[F], F]:
    """A decorator that adds options and hands the command one value made of them, under `name`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def command(**given: Any) -> None:
            own = {key: given.pop(key) for key in inspect.signature(fold).parameters}
            function(**given, **{name: fold(**own)})

        for option in reversed(list(options)):
            command = option(command)
        return command  # type: ignore[return-value]

    return decorate


@contextmanager
def usable() -> Iterator[None]:
    """Targets and files refuse what they cannot use with ValueError or `Permanent`: told as `Unusable`."""
    try:
        yield
    except Permanent as fault:
        raise Unusable(fault.meaning) from fault
    except ValueError as error:
        raise Unusable(str(error)) from error


def _trust(ca: Path | None, cert: Path | None, key: Path | None, server_name: str | None, insecure: bool) -> Trust:
    """The TLS options, tried before anything is sent."""
    files = [str(path) if path else None for path in (ca, cert, key)]
    trust = Trust(files[0], not insecure, server_name, files[1], files[2])
    with usable():
        trust.context()
    return trust


def _credential(credential_file: Path | None) -> Credential | None:
    """From the file, else from the environment, else none."""
    text = os.environ.get(CREDENTIAL_VARIABLE) if credential_file is None else _content(credential_file)
    with usable():
        return Credential.parse(text) if text else None


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{file} cannot be read") from error


telling_options = _folded(
    (
        click.option("--json", "as_json", is_flag=True, help="The whole result as one JSON document."),
        click.option("--nagios", is_flag=True, help="One line with performance data, as monitoring plugins print it."),
        click.option(
            "--deadline",
            type=click.FloatRange(min=0, min_open=True),
            default=30.0,
            show_default=True,
            metavar="S",
            help="Seconds after which every step has ended.",
        ),
    ),
    "telling",
    Telling,
)
credential_option = _folded(
    (
        click.option(
            "--credential-file",
            type=EXISTING_FILE,
            help=f"Holds user:password or Bearer TOKEN. Else the variable {CREDENTIAL_VARIABLE} is read.",
        ),
    ),
    "credential",
    _credential,
)
trust_options = _folded(
    (
        click.option("--ca", type=EXISTING_FILE, help="PEM file of authorities to trust instead of this machine's."),
        click.option("--cert", type=EXISTING_FILE, help="PEM file of our own certificate, where the peer wants one."),
        click.option("--key", type=EXISTING_FILE, help="PEM file of its key, where it is not in the same file."),
        click.option("--server-name", metavar="NAME", help="Name the certificate must be for, if not the host's."),
        click.option("--insecure", is_flag=True, help="Do not verify the peer's certificate."),
    ),
    "trust",
    _trust,
)


def host_and_port(text: str, default: int | None = None) -> tuple[str, int]:
    """`HOST:PORT`, `[IPV6]:PORT`, or a host alone where there is a default port."""
    host, colon, port = text.rpartition(":")
    if default is not None and (not colon or text.endswith("]")):
        host, port = text, str(default)
    if not _HOST.fullmatch(host) or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise Unusable(f"{text!r} is not HOST:PORT with a port from 1 to 65535")
    return host.strip("[]"), int(port)


def conclude(module: str, target: object, telling: Telling) -> NoReturn:
    """Climb, tell, and end with the exit code of the grade."""
    probe = importlib.import_module(module).probe
    result = asyncio.run(probe(target, Deadline(telling.deadline)))
    click.echo(_told(_explained(result), telling))
    sys.exit(report.exit_code(result))


def _explained(result: ProbeResult) -> ProbeResult:
    """With likely causes, and with what is worth knowing of a peer that is well: a capped query, an empty worklist."""
    from umlindi.diagnosis import explain

    return explain(result)


def _told(result: ProbeResult, telling: Telling) -> str:
    if telling.as_json:
        return json.dumps(result.to_json(), indent=2)
    return report.nagios(result) if telling.nagios else report.text(result)
