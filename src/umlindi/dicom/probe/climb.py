"""What the rungs of the DICOM ladder share: the target, the deadline, who was reached, and what is skipped why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from umlindi.dicom.aio import ECHO, Association, ContextProposal, Endpoint, NotOffered, associate
from umlindi.dicom.canary import Canary
from umlindi.dicom.probe.target import DicomTarget
from umlindi.dicom.upper import Role
from umlindi.probes import Deadline, Ladder, Layer, Severity
from umlindi.probes.faults import Fault
from umlindi.probes.ladder import Rung


class NotTried(Exception):
    """A step turned out to be one to skip; the text says why."""


@dataclass(slots=True)
class Climb:
    """One probe under way."""

    target: DicomTarget
    deadline: Deadline
    ladder: Ladder
    endpoint: Endpoint
    canary: Canary
    hung: bool = False
    stored: bool = field(default=False)

    def associate(
        self, contexts: Sequence[ContextProposal], roles: Sequence[Role] = ()
    ) -> AbstractAsyncContextManager[Association]:
        """Verification is proposed beside: a peer that accepts none of the rest then still says so, context by context,
        where it would reject the association as a whole."""
        proposals = contexts if ECHO in contexts else (*contexts, ECHO)
        return associate(self.endpoint, proposals, roles)


@dataclass(frozen=True, slots=True)
class Task:
    """A rung above TCP and TLS. `share` of the whole deadline is the most it may take; one that is
    `always` needed fails the probe without being named in `expect`."""

    name: str
    layer: Layer
    run: Callable[[Climb, Rung], Awaitable[None]]
    share: float
    always: bool = False


async def climb_step(climb: Climb, task: Task) -> None:
    """Try one rung, or skip it with its reason."""
    because = _why_not(climb, task)
    if because:
        climb.ladder.skip(task.name, task.layer, because)
        return
    try:
        await _try(climb, task)
    except NotTried as reason:
        climb.ladder.skip(task.name, task.layer, str(reason))


async def _try(climb: Climb, task: Task) -> None:
    expected = task.always or task.name in climb.target.expect
    severity = Severity.FAILED if expected else Severity.DEGRADED
    at_most = climb.deadline.seconds * task.share
    with climb.ladder.step(task.name, task.layer, severity) as rung:
        try:
            async with climb.deadline.guard(task.layer, f"climbing {task.name}", at_most):
                await task.run(climb, rung)
        except NotOffered as refusal:
            if not expected:
                raise NotTried(f"the peer does not offer {refusal.meaning}") from refusal
            raise
        except Fault as fault:
            climb.hung = climb.hung or (fault.code == "TIMEOUT" and task.name in ("association", "echo"))
            raise


def _why_not(climb: Climb, task: Task) -> str:
    if climb.ladder.failed("association"):
        return "association failed"
    if climb.hung:
        return "the peer did not answer C-ECHO"
    if climb.deadline.left() == 0:
        return f"the deadline of {climb.deadline.seconds:g} s had passed"
    return ""
