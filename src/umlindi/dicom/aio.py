"""The asyncio driver of a requestor: echo, find, worklist, store, move and get, thousands side by side.

    async with associate(Endpoint("pacs.example", 104, called="ARCHIVE", calling="UMLINDI"), [ECHO]) as association:
        await association.echo()

No call has a time limit of its own: put the caller's deadline around it. Leaving the block releases the association,
leaving it by an exception or a cancellation aborts it; the socket is closed either way. What a peer does wrong is
raised as `Retriable` or `Permanent`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from umlindi.dicom import uids
from umlindi.dicom.dimse import status as statuses
from umlindi.dicom.dimse.command import DATASET_FOLLOWS, MEDIUM_PRIORITY, Command, CommandField
from umlindi.dicom.dimse.status import Service
from umlindi.dicom.upper import (
    Accepted,
    Context,
    Message,
    Released,
    Requestor,
    Role,
    State,
    context_meaning,
)
from umlindi.dicom.wire import GOODBYE_AT_MOST, Wire, fault_of
from umlindi.probes.errors import os_fault
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ContextProposal = tuple[str, Sequence[str]]
ECHO: ContextProposal = (uids.VERIFICATION, uids.UNCOMPRESSED)
MOST_FOUND = 10_000
MOST_RECEIVED = 1 << 24


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Whom to call and as whom. With `tls`, `server_name` is what the certificate must name (default: the host)."""

    host: str
    port: int
    called: str
    calling: str
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a C-FIND brought.

    `status` is that of the final response; None where the peer went on in spite of our C-CANCEL and we hung up.
    `cut` is true where we cancelled because `at_most` matches had come.
    """

    matches: tuple[Dataset, ...]
    status: int | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class SubOperations:
    """The final response of C-MOVE or C-GET. Counts a peer does not give are None."""

    status: int
    completed: int | None
    failed: int | None
    warning: int | None


@dataclass(frozen=True, slots=True)
class Received:
    """An object that came by C-STORE. `data` is the data set in transfer syntax `transfer`, without a file header."""

    calling: str
    sop_class: str
    sop_instance: str
    transfer: str
    data: bytes = field(repr=False)
    move_originator_id: int | None = None


class NotOffered(Permanent):
    """No presentation context for that SOP class was accepted; the code is `PC` with the result."""

    def __init__(self, abstract: str, result: int) -> None:
        said = f"{uids.name_of(abstract)}: {context_meaning(result)}"
        super().__init__(Layer.ASSOCIATION, f"PC {result}", said, sop_class=abstract, result=result)


def refused_status(service: Service, status: int, comment: str | None = None, **evidence: object) -> Fault:
    """A failure status as a fault. A peer's Error Comment may hold anything, patients included: its length is kept."""
    kind = Retriable if statuses.may_pass(status) else Permanent
    said = f"{service}: {statuses.meaning(service, status)}"
    extra = {"comment_length": len(comment)} if comment else {}
    return kind(Layer.DIMSE, statuses.code(status), said, **extra, **evidence)


@asynccontextmanager
async def associate(
    endpoint: Endpoint, contexts: Sequence[ContextProposal], roles: Sequence[Role] = ()
) -> AsyncIterator[Association]:
    """An established association for the length of the block. Raises the fault that prevented it.

    A message of the peer may have MOST_RECEIVED bytes: many associations at once must fit into one process.
    """
    machine = Requestor(endpoint.calling, endpoint.called, contexts, roles=roles, message_limit=MOST_RECEIVED)
    wire = await _connect(endpoint, machine)
    try:
        answer = await wire.event()
        if not isinstance(answer, Accepted):
            raise fault_of(answer)
        yield Association(wire, answer, endpoint)
        await _release(wire)
    finally:
        wire.hang_up()
        await wire.closing()


async def _connect(endpoint: Endpoint, machine: Requestor) -> Wire:
    server_name = (endpoint.server_name or endpoint.host) if endpoint.tls else None
    try:
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: Wire(machine), endpoint.host, endpoint.port, ssl=endpoint.tls, server_hostname=server_name
        )
    except OSError as error:
        raise os_fault(error, f"connecting to {endpoint.host} port {endpoint.port}") from error
    return wire


async def _release(wire: Wire) -> None:
    """Ask for release; a peer that does not answer in time, or breaks off, is left to itself."""
    if wire.machine.state is not State.ESTABLISHED:
        return
    wire.machine.release()
    wire.flush()
    try:
        async with asyncio.timeout(GOODBYE_AT_MOST):
            while not isinstance(await wire.event(), Released):
                continue
    except (TimeoutError, Fault):
        return


class Association:
    """An established association, seen by its requestor. One operation at a time."""

    def __init__(self, wire: Wire, accepted: Accepted, endpoint: Endpoint) -> None:
        self.accepted = accepted
        self._endpoint = endpoint
        self._wire = wire
        self._message_id = 0

    def context(self, abstract: str, transfers: Sequence[str] | None = None) -> Context:
        """The accepted context of a SOP class, of one of these transfer syntaxes. Raises `NotOffered`."""
        for context in self.accepted.contexts:
            if context.abstract == abstract and (transfers is None or context.transfer in transfers):
                return context
        raise NotOffered(abstract, self._refusal(abstract))

    async def echo(self) -> None:
        """C-ECHO. Raises where the answer is not success."""
        context = self.context(uids.VERIFICATION)
        request = Command(CommandField.C_ECHO_RQ, self._next_id(), sop_class=uids.VERIFICATION)
        await self._wire.send(context.id, request)
        answer = await self._answer(request)
        self._expect_success(Service.ECHO, answer)

    async def worklist(self, keys: Dataset, at_most: int = MOST_FOUND) -> Found:
        """C-FIND on the modality worklist."""
        return await self.find(uids.MODALITY_WORKLIST_FIND, keys, at_most)

    async def find(self, sop_class: str, keys: Dataset, at_most: int = MOST_FOUND) -> Found:
        """C-FIND, cancelled after `at_most` matches. Raises a failure status where nothing matched before it."""
        context = self.context(sop_class)
        request = self._request(CommandField.C_FIND_RQ, sop_class)
        await self._wire.send(context.id, request, _encode(keys, context.transfer))
        matches: list[Dataset] = []
        while True:
            answer = await self._answer(request)
            status = _status(answer)
            if not statuses.is_pending(status):
                return _found(matches, status, answer)
            matches.append(_decode(answer.dataset or b"", context.transfer))
            if len(matches) >= at_most:
                return await self._cancel(context, request, matches)

    async def _cancel(self, context: Context, request: Command, matches: list[Dataset]) -> Found:
        """Cancel, and let as many matches again pass by before hanging up on a peer that does not obey."""
        cancel = Command(CommandField.C_CANCEL_RQ, responding_to=request.message_id)
        await self._wire.send(context.id, cancel)
        for _ in range(len(matches) + 100):
            status = _status(await self._answer(request))
            if not statuses.is_pending(status):
                return Found(tuple(matches), status, cut=True)
        self._wire.hang_up()
        return Found(tuple(matches), None, cut=True)

    async def store(self, dataset: Dataset) -> int:
        """C-STORE of an uncompressed data set; returns a success or warning status, raises a failure."""
        context = self.context(dataset.SOPClassUID, uids.UNCOMPRESSED)
        data = _encode(dataset, context.transfer)
        return await self.store_encoded(context, dataset.SOPInstanceUID, data)

    async def store_encoded(self, context: Context, sop_instance: str, data: bytes) -> int:
        """C-STORE of bytes that are already in the context's transfer syntax."""
        request = self._request(CommandField.C_STORE_RQ, context.abstract, sop_instance=sop_instance)
        await self._wire.send(context.id, request, data)
        answer = await self._answer(request)
        status = _status(answer)
        if statuses.is_failure(status):
            raise refused_status(Service.STORE, status, answer.command.error_comment)
        return status

    async def move(self, sop_class: str, keys: Dataset, destination: str) -> SubOperations:
        """C-MOVE to an AE title that the peer knows. Raises a failure status."""
        context = self.context(sop_class)
        request = self._request(CommandField.C_MOVE_RQ, sop_class, move_destination=destination)
        await self._wire.send(context.id, request, _encode(keys, context.transfer))
        while True:
            answer = await self._answer(request)
            if not statuses.is_pending(_status(answer)):
                return _sub_operations(Service.MOVE, answer)

    async def get(self, sop_class: str, keys: Dataset, keep: Callable[[Received], int]) -> SubOperations:
        """C-GET. `keep` is given every object and returns the C-STORE status for it. Raises a failure status."""
        context = self.context(sop_class)
        request = self._request(CommandField.C_GET_RQ, sop_class)
        await self._wire.send(context.id, request, _encode(keys, context.transfer))
        while True:
            message = await self._wire.message()
            if message.command.field == CommandField.C_STORE_RQ:
                received = received_of(message, self._endpoint.called)
                await self._wire.send(message.context.id, store_response(message, keep(received)))
                continue
            self._check_answer(request, message)
            if not statuses.is_pending(_status(message)):
                return _sub_operations(Service.GET, message)

    def _request(
        self,
        kind: CommandField,
        sop_class: str,
        sop_instance: str | None = None,
        move_destination: str | None = None,
    ) -> Command:
        return Command(
            kind,
            self._next_id(),
            sop_class=sop_class,
            sop_instance=sop_instance,
            priority=MEDIUM_PRIORITY,
            dataset_type=DATASET_FOLLOWS,
            move_destination=move_destination,
        )

    async def _answer(self, request: Command) -> Message:
        message = await self._wire.message()
        self._check_answer(request, message)
        return message

    def _check_answer(self, request: Command, message: Message) -> None:
        command = message.command
        if command.field == request.field | 0x8000 and command.responding_to == request.message_id:
            return
        said = f"command {command.field:04X} for message {command.responding_to} came instead of the answer"
        raise Permanent(Layer.DIMSE, "GARBAGE", f"the peer breaks the DIMSE protocol: {said}")

    def _expect_success(self, service: Service, answer: Message) -> None:
        status = _status(answer)
        if status != statuses.SUCCESS:
            raise refused_status(service, status, answer.command.error_comment)

    def _refusal(self, abstract: str) -> int:
        """Where several contexts of a SOP class were refused, transfer syntaxes (4) say more than the rest."""
        results = [refused.result for refused in self.accepted.refused if refused.abstract == abstract]
        return 4 if 4 in results else (results or [3])[0]

    def _next_id(self) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id


def received_of(message: Message, calling: str) -> Received:
    """The object of a C-STORE request. Raises where the request lacks its instance or its data set."""
    command = message.command
    if not command.sop_class or not command.sop_instance or message.dataset is None:
        raise Permanent(Layer.DIMSE, "GARBAGE", "a C-STORE request without SOP class, instance or data set")
    return Received(
        calling,
        command.sop_class,
        command.sop_instance,
        message.context.transfer,
        message.dataset,
        command.move_originator_id,
    )


def store_response(message: Message, status: int) -> Command:
    request = message.command
    return Command(
        CommandField.C_STORE_RSP,
        responding_to=request.message_id,
        sop_class=request.sop_class,
        sop_instance=request.sop_instance,
        status=status,
    )


def _encode(dataset: Dataset, transfer: str) -> bytes:
    """pydicom takes most of a second to import: echoing does without."""
    encoded: bytes = import_module("umlindi.dicom.dimse.datasets").encode_dataset(dataset, transfer)
    return encoded


def _decode(data: bytes, transfer: str) -> Dataset:
    dataset: Dataset = import_module("umlindi.dicom.dimse.datasets").decode_dataset(data, transfer)
    return dataset


def _status(answer: Message) -> int:
    status = answer.command.status
    if status is None:
        raise Permanent(Layer.DIMSE, "GARBAGE", "the peer's answer has no status")
    return status


def _found(matches: list[Dataset], status: int, answer: Message) -> Found:
    if statuses.is_failure(status) and not matches:
        raise refused_status(Service.FIND, status, answer.command.error_comment)
    return Found(tuple(matches), status)


def _sub_operations(service: Service, answer: Message) -> SubOperations:
    command, status = answer.command, _status(answer)
    counts = {"completed": command.completed, "failed": command.failed, "warning": command.warning}
    if statuses.is_failure(status):
        raise refused_status(service, status, command.error_comment, **counts)
    return SubOperations(status, **counts)
