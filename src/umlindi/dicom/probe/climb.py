"""What the rungs of the DICOM ladder share: the target, the deadline, who was reached, and what is skipped why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from umlindi.dicom.aio import ECHO, Association, ContextProposal, Endpoint, NotOffered, associate
from umlindi.dicom.probe.target import DicomTarget
from umlindi.dicom.upper import Role
from umlindi.probes import Deadline, Fault, Ladder, Layer, Severity
from umlindi.probes.ladder import Rung


class NotTried(Exception):
    """A step turned out to be one to skip; the text says why."""


@dataclass(slots=True)
class Climb:
    """One probe under way. `hung`: the peer accepted us, then did not answer; `stored`: it took the canary.

    `held` keeps the first association open for the C-ECHO, and closes it if that is never sent.
    """

    target: DicomTarget
    deadline: Deadline
    ladder: Ladder
    endpoint: Endpoint
    held: AsyncExitStack
    first: Association | None = None
    hung: bool = False
    stored: bool = False

    def associate(
        self, contexts: Sequence[ContextProposal], roles: Sequence[Role] = ()
    ) -> AbstractAsyncContextManager[Association]:
        """Associate, proposing Verification beside the contexts.

        A peer that accepts none of them then says so context by context; alone they get the association rejected.
        """
        proposals = contexts if ECHO in contexts else (*contexts, ECHO)
        return associate(self.endpoint, proposals, roles)

    async def hold(self) -> Association:
        """Associate for Verification alone, and stay so until `opened` is left."""
        self.first = await self.held.enter_async_context(self.associate([ECHO]))
        return self.first

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Association]:
        """The association that is held, released on the way out, or a new one."""
        first, self.first = self.first, None
        if first is None:
            async with self.associate([ECHO]) as made:
                yield made
            return
        async with self.held.pop_all():
            yield first


Run = Callable[[Climb, Rung], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Task:
    """A rung above TCP and TLS.

    `share` of the whole deadline is the most it may take. One that is `always` needed fails the probe without being
    named in `expect`. `canary` marks the one that stores the canary, `retrieves` those that need it stored.
    """

    name: str
    layer: Layer
    run: Run
    share: float
    always: bool = False
    canary: bool = False
    retrieves: bool = False


async def climb_step(climb: Climb, task: Task) -> None:
    """Try one rung, or skip it with its reason."""
    expected = task.always or task.name in climb.target.expect
    because = _why_not(climb, task, expected)
    if because:
        climb.ladder.skip(task.name, task.layer, because)
        return
    try:
        await _try(climb, task, expected)
    except NotTried as reason:
        climb.ladder.skip(task.name, task.layer, str(reason))


async def _try(climb: Climb, task: Task, expected: bool) -> None:
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
            climb.hung = climb.hung or (task.name == "echo" and fault.code == "TIMEOUT")
            raise


def _why_not(climb: Climb, task: Task, expected: bool) -> str:
    """A step that is expected is tried whatever came before, short of the association: skipping would hide it."""
    if climb.ladder.failed("association"):
        return "association failed"
    if (task.canary or task.retrieves) and not climb.target.canary:
        return "read-only, as asked"
    return "" if expected else _not_worth_it(climb, task)


def _not_worth_it(climb: Climb, task: Task) -> str:
    if climb.hung:
        return "the peer did not answer C-ECHO"
    if task.retrieves and not climb.stored:
        return "the canary was not stored"
    if climb.deadline.left() == 0:
        return f"the deadline of {climb.deadline.seconds:g} s had passed"
    return ""
