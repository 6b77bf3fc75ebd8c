"""`umlindi probe dicom`: climbs from the name of a host to the retrieval of a canary study, and says what it saw."""

from __future__ import annotations

import ssl
from dataclasses import replace

from umlindi.dicom.aio import Endpoint
from umlindi.dicom.canary import Canary
from umlindi.dicom.probe import basics, query
from umlindi.dicom.probe.climb import Climb, Task, climb_step
from umlindi.dicom.probe.target import EXPECTABLE, STEPS, DicomTarget, TlsSettings
from umlindi.probes import Deadline, Ladder, Layer, Permanent, ProbeResult, transport

DEADLINE_SECONDS = 30.0
_TLS_SHARE = 0.3

_TASKS = (
    Task("association", Layer.ASSOCIATION, basics.association, 0.2, always=True),
    Task("echo", Layer.DIMSE, basics.echo, 0.2),
    Task("capabilities", Layer.ASSOCIATION, basics.capabilities, 0.2),
    Task("find", Layer.DIMSE, query.find, 0.25),
    Task("worklist", Layer.DIMSE, query.worklist, 0.2),
)


async def probe(target: DicomTarget, deadline: Deadline) -> ProbeResult:
    """Climb the whole ladder, or as far as the peer and the target let us. Ends within the deadline."""
    ladder = Ladder("dicom", str(target))
    endpoint = await _reach(ladder, target, deadline)
    if endpoint is None:
        _skip_rest(ladder)
        return ladder.result()
    climb = Climb(target, deadline, ladder, endpoint, Canary(target.calling))
    for task in _TASKS:
        await climb_step(climb, task)
    return ladder.result()


async def _reach(ladder: Ladder, target: DicomTarget, deadline: Deadline) -> Endpoint | None:
    """Resolve, TCP and TLS; None where one of them failed."""
    address = await transport.resolve(ladder, target.host, target.port, deadline)
    if address is not None:
        address = await transport.tcp(ladder, address, deadline, target.tcp_samples)
    if address is None:
        return None
    endpoint = Endpoint(address.ip, target.port, target.called, target.calling, server_name=target.host)
    if target.tls is None:
        ladder.skip("tls", Layer.TLS, "plain DICOM, as asked")
        return endpoint
    context = _tls_context(ladder, target.tls)
    shorter = Deadline(deadline.within(deadline.seconds * _TLS_SHARE))
    if context is None or not await transport.tls(ladder, address, context, shorter, target.host):
        return None
    return replace(endpoint, tls=context)


def _tls_context(ladder: Ladder, settings: TlsSettings) -> ssl.SSLContext | None:
    try:
        return settings.context()
    except OSError as error:
        with ladder.step("tls", Layer.TLS):
            said = f"the certificate files cannot be used: {error.strerror or type(error).__name__}"
            raise Permanent(Layer.TLS, "TLS-SETTINGS", said) from error
    return None


def _skip_rest(ladder: Ladder) -> None:
    """What stands on the rung that broke."""
    climbed = {step.step for step in ladder.result().steps}
    layers = {task.name: task.layer for task in _TASKS} | {"tcp": Layer.TRANSPORT, "tls": Layer.TLS}
    for name in STEPS:
        if name not in climbed:
            ladder.skip(name, layers[name], f"{ladder.broken} failed")


__all__ = ["DEADLINE_SECONDS", "EXPECTABLE", "STEPS", "DicomTarget", "TlsSettings", "probe"]
