"""From an interface of the estate to the probe that is pointed at it.

`settings` keys are those that `estate.rules.interfaces` lets in; a secret is read from its file when the job is made.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.conf import settings

from umlindi.estate.models import Interface
from umlindi.probes import Deadline, Layer, Permanent, ProbeResult, Severity, State, Step
from umlindi.probes.transport import Trust
from umlindi.watch.rules.conditions import DEFAULT_DEADLINE_S
from umlindi.watch.rules.plans import CANARY_STEPS, Plan, plans_of

if TYPE_CHECKING:
    from umlindi.dicom.probe import DicomTarget

logger = logging.getLogger("umlindi.watch")

Probe = Callable[[Deadline], Awaitable[ProbeResult]]


@dataclass(frozen=True, slots=True)
class Job:
    """One interface's probe, ready to run. `peer` is what it must share: a host and port."""

    key: int
    peer: str
    deadline_s: float
    run: Probe


class NotProbeable(Exception):
    """The interface lacks what its probe needs: a setting, a secret's file."""


def plans_for(interface: Interface) -> dict[Plan, timedelta]:
    """What is asked of it how often; its system is read."""
    return plans_of(interface.kind, interface.settings, interface.system.kind)


def deadline_of(interface: Interface, plan: Plan | None = None) -> timedelta:
    """How long one probe of it may take: its own `timeout` in seconds, or the house's.

    A quick look has ended within half its interval, so that a dead peer is found within two.
    """
    whole = timedelta(seconds=interface.settings.get("timeout", DEFAULT_DEADLINE_S))
    interval = plans_for(interface).get(plan) if plan is Plan.QUICK else None
    return whole if interval is None else min(whole, interval / 2)


def job_for(interface: Interface, plan: Plan | None = None) -> Job:
    """The job of one plan of an interface, or of its whole ladder.

    One that cannot be built becomes a result that says why, never an exception.
    """
    deadline_s = deadline_of(interface, plan).total_seconds()
    try:
        target = _BUILDERS[interface.kind](interface)
        if plan is not None and interface.kind == "dicom":
            target = _dicom_part(cast("DicomTarget", target), plan)
    except (NotProbeable, ValueError, Permanent) as error:
        refusal = partial(_refused, interface, str(error))
        return Job(interface.pk, f"interface {interface.pk}", deadline_s, refusal)
    return Job(interface.pk, _peer(interface), deadline_s, partial(_climb, interface, target))


async def _climb(interface: Interface, target: object, deadline: Deadline) -> ProbeResult:
    """Climb with the protocol's library, loaded when it is first needed.

    A defect of ours in one probe is that interface's trouble, never its neighbours': it is logged, and the interface
    is unknown.
    """
    try:
        result: ProbeResult = await importlib.import_module(_MODULES[interface.kind]).probe(target, deadline)
    except Exception as error:
        logger.exception("the probe of interface %s broke", interface.pk)
        why = f"our own probe broke ({type(error).__name__}), so nothing is known of the peer: see the log"
        return _not_probed(interface, "probe-broke", why)
    return result


async def _refused(interface: Interface, why: str, deadline: Deadline) -> ProbeResult:
    return _not_probed(interface, "not-probeable", why)


def _not_probed(interface: Interface, code: str, why: str) -> ProbeResult:
    """Nothing was learned of the peer. Without a measured step its condition is unknown."""
    step = Step("settings", State.FAILED, None, Layer.WORKFLOW, code, why, {}, Severity.FAILED)
    return ProbeResult(interface.kind, interface.address, (step,))


def _peer(interface: Interface) -> str:
    parts = urlsplit(interface.url)
    return f"{interface.host or parts.hostname}:{interface.port or parts.port}"


def secret(name: str) -> str:
    """The content of a secret's file in the home's secrets folder."""
    path = Path(settings.UMLINDI_HOME) / "secrets" / name
    if not name or path.parent != Path(settings.UMLINDI_HOME) / "secrets":
        raise NotProbeable(f"{name!r} is not the name of a secret's file")
    try:
        return path.read_text().strip()
    except OSError as error:
        raise NotProbeable(f"the secret {name} cannot be read: {error.strerror}") from error


def _trust(given: Mapping[str, Any]) -> Trust:
    names = ("ca_file", "verify", "server_name", "certificate", "key")
    return Trust(**{name: given[name] for name in names if name in given})


def _tls(given: Mapping[str, Any]) -> Trust | None:
    return _trust(given) if given.get("tls") else None


def _some(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The settings of these names that are there, lists as frozen sets."""
    found = {name: given[name] for name in names if given.get(name) is not None}
    return {name: frozenset(value) if isinstance(value, list) else value for name, value in found.items()}


def _port(interface: Interface) -> int:
    if interface.port is None:
        raise NotProbeable("it has no port")
    return interface.port


def _optional_port(interface: Interface) -> dict[str, int]:
    return {} if interface.port is None else {"port": interface.port}


def _dicom(interface: Interface) -> DicomTarget:
    """The canary goes only to a peer whose partners need storing or retrieving."""
    from umlindi.dicom.probe import DicomTarget  # noqa: PLC0415 (each protocol's library only where it is needed)

    given = interface.settings
    expect = frozenset(given.get("expect", ["echo"]))
    return DicomTarget(
        host=interface.host,
        port=_port(interface),
        called=interface.called,
        calling=interface.calling or "UMLINDI",
        tls=_tls(given),
        expect=expect,
        canary=bool(expect & CANARY_STEPS),
        **_some(given, "move_ae", "move_host", "move_port", "wado", "orthanc", "modalities"),
    )


_DICOM_STEPS = {
    Plan.QUICK: frozenset({"association", "echo"}),
    Plan.FULL: frozenset({"association", "echo", "capabilities", "find", "worklist"}),
    Plan.CANARY: frozenset({"association", "echo", "remove"}) | CANARY_STEPS,
}


def _dicom_part(whole: DicomTarget, plan: Plan) -> DicomTarget:
    """A quick look is one association, over one connection beside the one that measures the way to it."""
    only = _DICOM_STEPS[plan]
    samples = 1 if plan is Plan.QUICK else whole.tcp_samples
    return replace(whole, only=only, expect=whole.expect & only, canary=plan is Plan.CANARY, tcp_samples=samples)


def _credential(interface: Interface) -> Any:
    from umlindi.hosts.http import Credential  # noqa: PLC0415

    return Credential.parse(secret(interface.credential)) if interface.credential else None


def _web(interface: Interface) -> object:
    from umlindi.hosts.web import WebKind, WebTarget  # noqa: PLC0415

    return WebTarget(
        url=interface.url,
        kind=WebKind.DICOMWEB if interface.kind == "dicomweb" else WebKind.PLAIN,
        credential=_credential(interface),
        trust=_trust(interface.settings),
        **_some(interface.settings, "expect_status", "study"),
    )


def _hl7(interface: Interface) -> object:
    from umlindi.hl7.probe import Hl7Target  # noqa: PLC0415

    given = interface.settings
    return Hl7Target(interface.host, _port(interface), tls=_tls(given), **_some(given, "message", "expect_ack"))


def _certificate(interface: Interface) -> object:
    from umlindi.hosts.tls import TlsTarget  # noqa: PLC0415

    given = _some(interface.settings, "server_name", "ca_file", "warn_days")
    return TlsTarget(interface.host, _port(interface), **given)


def _sql(interface: Interface) -> object:
    from umlindi.hosts.sql import SqlTarget  # noqa: PLC0415

    target = SqlTarget(_with_password(interface), **_some(interface.settings, "query"))
    if _is_own_database(target.url):
        raise NotProbeable("this is Umlindi's own database, which no interface is pointed at")
    return target


def _is_own_database(text: str) -> bool:
    """Whether libpq would enter the house's own socket folder: whoever does may be any role, its superuser too."""
    from umlindi.hosts.sql import parsed  # noqa: PLC0415

    url = parsed(text)
    _, told = url.get_dialect()().create_connect_args(url)
    hosts = str(told.get("host", "")).split(",")
    own = str(settings.DATABASES["default"]["HOST"])
    return own.startswith("/") and any(Path(host).resolve() == Path(own).resolve() for host in hosts if host)


def _with_password(interface: Interface) -> str:
    """The URL with its user and password put in from the secret `user:password`."""
    if not interface.credential:
        return interface.url
    from sqlalchemy import make_url  # noqa: PLC0415

    user, _, password = secret(interface.credential).partition(":")
    url = make_url(interface.url).set(username=user, password=password)
    return url.render_as_string(hide_password=False)


def _machine(interface: Interface) -> object:
    from umlindi.hosts.machine import MachineTarget  # noqa: PLC0415

    return MachineTarget(url=interface.url or None, credential=_credential(interface))


def _clock(interface: Interface) -> object:
    from umlindi.hosts.clock import TimeTarget  # noqa: PLC0415

    return TimeTarget(interface.host, **_optional_port(interface))


def _ups(interface: Interface) -> object:
    from umlindi.hosts.ups import UpsTarget  # noqa: PLC0415

    given: dict[str, Any] = {**_optional_port(interface), **_some(interface.settings, "ups")}
    return UpsTarget(interface.host, **given)


def _orthanc(interface: Interface) -> object:
    from umlindi.hosts.orthanc import OrthancTarget  # noqa: PLC0415

    return OrthancTarget(
        url=interface.url,
        credential=_credential(interface),
        trust=_trust(interface.settings),
        **_some(interface.settings, "name", "called", "settings_file"),
    )


_BUILDERS: dict[str, Callable[[Interface], object]] = {
    "dicom": _dicom,
    "dicomweb": _web,
    "web": _web,
    "hl7": _hl7,
    "tls": _certificate,
    "sql": _sql,
    "host": _machine,
    "time": _clock,
    "ups": _ups,
    "orthanc": _orthanc,
}
_MODULES = {
    "dicom": "umlindi.dicom.probe",
    "dicomweb": "umlindi.hosts.web",
    "web": "umlindi.hosts.web",
    "hl7": "umlindi.hl7.probe",
    "tls": "umlindi.hosts.tls",
    "sql": "umlindi.hosts.sql",
    "host": "umlindi.hosts.machine",
    "time": "umlindi.hosts.clock",
    "ups": "umlindi.hosts.ups",
    "orthanc": "umlindi.hosts.orthanc",
}
