"""`umlindi probe dicom`: climbs from the name of a host to the retrieval of a canary study, and says what it saw."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib import import_module

from umlindi.dicom.aio import Endpoint
from umlindi.dicom.probe import basics
from umlindi.dicom.probe.climb import Climb, Run, Task, climb_step
from umlindi.dicom.probe.target import EXPECTABLE, STEPS, DicomTarget
from umlindi.probes import Deadline, Ladder, Layer, ProbeResult
from umlindi.probes.ladder import Rung
from umlindi.probes.transport import reach

DEADLINE_SECONDS = 30.0
_TRANSPORT = (("resolve", Layer.TRANSPORT), ("tcp", Layer.TRANSPORT), ("tls", Layer.TLS))
_TRANSPORT_SHARE = 0.5


def _later(module: str, name: str) -> Run:
    """A rung whose module is imported when it is climbed: pydicom and the HTTP client cost most of a second."""

    async def run(climb: Climb, rung: Rung) -> None:
        await getattr(import_module(f"{__name__}.{module}"), name)(climb, rung)

    return run


_TASKS = (
    Task("association", Layer.ASSOCIATION, basics.association, 0.2, always=True),
    Task("echo", Layer.DIMSE, basics.echo, 0.2),
    Task("capabilities", Layer.ASSOCIATION, basics.capabilities, 0.2),
    Task("find", Layer.DIMSE, _later("query", "find"), 0.25),
    Task("worklist", Layer.DIMSE, _later("query", "worklist"), 0.2),
    Task("store", Layer.DIMSE, _later("retrieval", "store"), 0.3, canary=True),
    Task("move", Layer.DIMSE, _later("retrieval", "move"), 0.3, retrieves=True),
    Task("get", Layer.DIMSE, _later("retrieval", "get"), 0.3, retrieves=True),
    Task("wado", Layer.APPLICATION, _later("web", "wado"), 0.3, retrieves=True),
    Task("remove", Layer.APPLICATION, _later("web", "remove"), 0.2, retrieves=True),
)


async def probe(target: DicomTarget, deadline: Deadline) -> ProbeResult:
    """Climb the whole ladder, or as far as the peer and the target let us. Ends within the deadline."""
    ladder = Ladder("dicom", str(target))
    ladder.facts.update(called=target.called, calling=target.calling)
    endpoint = await _reach(ladder, target, deadline)
    if endpoint is None:
        _skip_rest(ladder, target)
        return ladder.result()
    async with AsyncExitStack() as held:
        climb = Climb(target, deadline, ladder, endpoint, held)
        for task in _TASKS:
            if target.tries(task.name):
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


def _skip_rest(ladder: Ladder, target: DicomTarget) -> None:
    """What stands on the rung that broke."""
    climbed = {step.step for step in ladder.result().steps}
    layers = dict(_TRANSPORT) | {task.name: task.layer for task in _TASKS}
    for name in STEPS:
        if name not in climbed and target.tries(name):
            ladder.skip(name, layers[name], f"{ladder.broken} failed")


__all__ = ["DEADLINE_SECONDS", "EXPECTABLE", "STEPS", "DicomTarget", "probe"]
