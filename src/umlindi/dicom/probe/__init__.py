"""`umlindi probe dicom`: climbs from the name of a host to the retrieval of a canary study, and says what it saw."""

from __future__ import annotations

from importlib import import_module

from umlindi.dicom.aio import Endpoint
from umlindi.dicom.canary import Canary
from umlindi.dicom.probe import basics, query, retrieval
from umlindi.dicom.probe.climb import Climb, Task, climb_step
from umlindi.dicom.probe.target import EXPECTABLE, STEPS, DicomTarget
from umlindi.probes import Deadline, Ladder, Layer, ProbeResult
from umlindi.probes.ladder import Rung
from umlindi.probes.transport import reach

DEADLINE_SECONDS = 30.0
_TRANSPORT = (("resolve", Layer.TRANSPORT), ("tcp", Layer.TRANSPORT), ("tls", Layer.TLS))
_TRANSPORT_SHARE = 0.5


async def _wado(climb: Climb, rung: Rung) -> None:
    """The HTTP client is imported for those who use it."""
    await import_module("umlindi.dicom.probe.web").wado(climb, rung)


async def _remove(climb: Climb, rung: Rung) -> None:
    await import_module("umlindi.dicom.probe.web").remove(climb, rung)


_TASKS = (
    Task("association", Layer.ASSOCIATION, basics.association, 0.2, always=True),
    Task("echo", Layer.DIMSE, basics.echo, 0.2),
    Task("capabilities", Layer.ASSOCIATION, basics.capabilities, 0.2),
    Task("find", Layer.DIMSE, query.find, 0.25),
    Task("worklist", Layer.DIMSE, query.worklist, 0.2),
    Task("store", Layer.DIMSE, retrieval.store, 0.3, canary=True),
    Task("move", Layer.DIMSE, retrieval.move, 0.3, retrieves=True),
    Task("get", Layer.DIMSE, retrieval.get, 0.3, retrieves=True),
    Task("wado", Layer.APPLICATION, _wado, 0.3, retrieves=True),
    Task("remove", Layer.APPLICATION, _remove, 0.2, retrieves=True),
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
    """Resolve, TCP and TLS, which together may take half of the time; None where one of them failed."""
    shorter = Deadline(deadline.within(deadline.seconds * _TRANSPORT_SHARE))
    peer = await reach(ladder, target.host, target.port, shorter, trust=target.tls, samples=target.tcp_samples)
    if peer is None:
        return None
    if target.tls is None:
        ladder.skip("tls", Layer.TLS, "plain DICOM, as asked")
    name = peer.server_name or target.host
    return Endpoint(peer.address.ip, target.port, target.called, target.calling, peer.context, name)


def _skip_rest(ladder: Ladder) -> None:
    """What stands on the rung that broke."""
    climbed = {step.step for step in ladder.result().steps}
    layers = dict(_TRANSPORT) | {task.name: task.layer for task in _TASKS}
    for name in STEPS:
        if name not in climbed:
            ladder.skip(name, layers[name], f"{ladder.broken} failed")


__all__ = ["DEADLINE_SECONDS", "EXPECTABLE", "STEPS", "DicomTarget", "probe"]
