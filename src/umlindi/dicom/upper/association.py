"""The association as a state machine (PS3.8 9.2): bytes in, events out, bytes to send. No socket and no clock.

    association = Requestor(calling="UMLINDI", called="ARCHIVE", contexts=[(VERIFICATION, UNCOMPRESSED)])
    socket.send(association.to_send())
    for event in association.receive(socket.recv(65536)):
        ...

However the bytes are split, the events are the same. Memory is bounded by one PDU of the announced length and one
message of `message_limit` bytes. After an event that ends the association, nothing more is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from umlindi import __version__
from umlindi.dicom.dimse import command as commands
from umlindi.dicom.malformed import AbortReason, ForeignProtocol, Malformed
from umlindi.dicom.upper import framing, pdu
from umlindi.dicom.upper.events import (
    Aborted,
    Accepted,
    Closed,
    Context,
    Event,
    Garbage,
    Refused,
    Rejected,
    Released,
    ReleaseRequested,
    Requested,
    Violation,
)
from umlindi.dicom.upper.foreign import looks_like
from umlindi.dicom.upper.items import Answer, Proposal, Role, UserInformation
from umlindi.dicom.upper.messages import Assembler

IMPLEMENTATION_UID = "2.25.283648489372389774757607933402022554429"
IMPLEMENTATION_VERSION = f"UMLINDI_{__version__}"[:16]
MAX_PDU = 1 << 17
MESSAGE_LIMIT = 1 << 28
# A fragment needs six bytes of PDV header and at least one even pair of its own.
LEAST_MAX_PDU = 8
_SERVICE_USER, _SERVICE_PROVIDER = 0, 2
_NO_REASON = 2


class State(StrEnum):
    """The states of PS3.8 Table 9-10 that an outside observer can tell apart."""

    AWAITING_REQUEST = "awaiting A-ASSOCIATE-RQ"
    AWAITING_DECISION = "awaiting the local answer"
    AWAITING_ANSWER = "awaiting A-ASSOCIATE-AC or RJ"
    ESTABLISHED = "established"
    RELEASING = "awaiting A-RELEASE-RP"
    RELEASE_ASKED = "awaiting the local release response"
    RELEASE_COLLIDED = "both sides asked to release"
    CLOSED = "closed"


class NotAllowed(RuntimeError):
    """A call that the association's state does not allow: a mistake of the caller, not of the peer."""


class _Association:
    """What requestor and acceptor share."""

    def __init__(self, state: State, max_pdu: int, message_limit: int) -> None:
        self.state = state
        self.contexts: dict[int, Context] = {}
        self._framer = framing.Framer(max_pdu)
        self._assembler = Assembler(self.contexts, message_limit)
        self._out: list[bytes] = []
        self._peer_max_pdu = MAX_PDU
        self._handlers: Mapping[int, Callable[[framing.Pdu], Iterable[Event]]] = {
            framing.P_DATA_TF: self._on_data,
            framing.RELEASE_RQ: self._on_release_rq,
            framing.RELEASE_RP: self._on_release_rp,
            framing.ABORT: self._on_abort,
        }

    @property
    def closed(self) -> bool:
        """True where nothing more will be read: released, rejected, aborted, broken off."""
        return self.state is State.CLOSED

    def to_send(self) -> bytes:
        """Everything that is due to the peer; the next call gives only what came after."""
        out, self._out = b"".join(self._out), []
        return out

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes as they came off the socket."""
        if self.closed:
            return []
        self._framer.feed(data)
        events: list[Event] = []
        at = self._framer.at
        try:
            while not self.closed and (unit := self._framer.next()):
                at = unit.at
                events += self._handle(unit)
                at = self._framer.at
        except ForeignProtocol as error:
            self.state = State.CLOSED
            events.append(Garbage(at, error.first, error.looks_like))
        except Malformed as error:
            events.append(self._violated(at, error))
        return events

    def receive_eof(self) -> list[Event]:
        """The peer closed its side. Fewer bytes than a PDU's header are judged now."""
        if self.closed:
            return []
        self.state = State.CLOSED
        pending = self._framer.pending()
        if pending and pending[0] not in framing.PDU_NAMES and self._framer.at == 0:
            return [Garbage(0, pending, looks_like(pending))]
        return [Closed(len(pending))]

    def send_message(self, context_id: int, command: commands.Command, dataset: bytes | None = None) -> None:
        """Queue a message, cut to what the peer takes. `command.dataset_type` must tell whether one follows."""
        if self.state is not State.ESTABLISHED or context_id not in self.contexts:
            raise NotAllowed(f"no message on context {context_id} while {self.state}")
        self._out += pdu.encode_fragments(context_id, True, commands.encode(command), self._peer_max_pdu)
        if dataset is not None:
            self._out += pdu.encode_fragments(context_id, False, dataset, self._peer_max_pdu)

    def release(self) -> None:
        """Ask for an orderly end; `Released` follows."""
        if self.state is not State.ESTABLISHED:
            raise NotAllowed(f"no release while {self.state}")
        self.state = State.RELEASING
        self._out.append(pdu.RELEASE_RQ_BYTES)

    def confirm_release(self) -> None:
        """Answer `ReleaseRequested`. The peer closes the connection."""
        if self.state is not State.RELEASE_ASKED:
            raise NotAllowed(f"no release to confirm while {self.state}")
        self.state = State.CLOSED
        self._out.append(pdu.RELEASE_RP_BYTES)

    def abort(self) -> None:
        """End at once, as the service user; no event follows."""
        if not self.closed:
            self.state = State.CLOSED
            self._out.append(pdu.encode_abort(_SERVICE_USER, 0))

    def _handle(self, unit: framing.Pdu) -> Iterable[Event]:
        handler = self._handlers.get(unit.kind, self._unexpected)
        return handler(unit)

    def _unexpected(self, unit: framing.Pdu) -> Iterable[Event]:
        name = framing.PDU_NAMES[unit.kind]
        raise Malformed(f"{name} while {self.state}", AbortReason.UNEXPECTED_PDU)

    def _violated(self, at: int, error: Malformed) -> Violation:
        self.state = State.CLOSED
        self._out.append(pdu.encode_abort(_SERVICE_PROVIDER, error.reason))
        return Violation(at, int(error.reason), error.why)

    def _establish(self, contexts: Iterable[Context], peer: UserInformation) -> None:
        if peer.max_pdu and peer.max_pdu < LEAST_MAX_PDU:
            raise Malformed(f"a maximum PDU length of {peer.max_pdu} leaves no room for data")
        self._peer_max_pdu = min(peer.max_pdu or MAX_PDU, MAX_PDU)
        self.contexts.update((context.id, context) for context in contexts)
        self.state = State.ESTABLISHED

    def _on_data(self, unit: framing.Pdu) -> Iterable[Event]:
        """Data may still come after our release request (PS3.8 Sta7)."""
        if self.state not in (State.ESTABLISHED, State.RELEASING):
            return self._unexpected(unit)
        messages = [self._assembler.add(pdv) for pdv in pdu.decode_pdvs(unit.body)]
        return [message for message in messages if message is not None]

    def _on_release_rq(self, unit: framing.Pdu) -> Iterable[Event]:
        if self.state is State.ESTABLISHED:
            self.state = State.RELEASE_ASKED
            return [ReleaseRequested()]
        if self.state is not State.RELEASING:
            return self._unexpected(unit)
        self._on_collision()
        return []

    def _on_collision(self) -> None:
        raise NotImplementedError

    def _on_release_rp(self, unit: framing.Pdu) -> Iterable[Event]:
        if self.state is State.RELEASE_COLLIDED:
            self._out.append(pdu.RELEASE_RP_BYTES)
        elif self.state is not State.RELEASING:
            return self._unexpected(unit)
        self.state = State.CLOSED
        return [Released()]

    def _on_abort(self, unit: framing.Pdu) -> Iterable[Event]:
        self.state = State.CLOSED
        return [Aborted(unit.body[2], unit.body[3])]


class Requestor(_Association):
    """Asks for an association as soon as it is made: `to_send` has the A-ASSOCIATE-RQ.

    `contexts` are pairs of an abstract syntax and its transfer syntaxes by preference, at most 128; they get the
    ids 1, 3, 5 … in order. `roles` are proposed for C-GET.
    """

    def __init__(
        self,
        calling: str,
        called: str,
        contexts: Sequence[tuple[str, Sequence[str]]],
        *,
        roles: Sequence[Role] = (),
        max_pdu: int = MAX_PDU,
        message_limit: int = MESSAGE_LIMIT,
    ) -> None:
        super().__init__(State.AWAITING_ANSWER, max_pdu, message_limit)
        self._handlers = {
            **self._handlers,
            framing.ASSOCIATE_AC: self._on_ac,
            framing.ASSOCIATE_RJ: self._on_rj,
        }
        self._proposals = _proposals(contexts)
        user = UserInformation(max_pdu, IMPLEMENTATION_UID, IMPLEMENTATION_VERSION, roles=tuple(roles))
        self._out.append(pdu.encode_rq(pdu.AssociateRq(called, calling, self._proposals, user)))

    def _on_ac(self, unit: framing.Pdu) -> Iterable[Event]:
        if self.state is not State.AWAITING_ANSWER:
            return self._unexpected(unit)
        ac = pdu.decode_ac(unit.body)
        accepted, refused = _settle(self._proposals, ac.answers, ac.user.roles)
        self._establish(accepted, ac.user)
        user = ac.user
        version = user.implementation_version
        return [Accepted(accepted, refused, user.max_pdu, user.implementation_uid, version, user)]

    def _on_rj(self, unit: framing.Pdu) -> Iterable[Event]:
        if self.state is not State.AWAITING_ANSWER:
            return self._unexpected(unit)
        self.state = State.CLOSED
        return [Rejected(unit.body[1], unit.body[2], unit.body[3])]

    def _on_collision(self) -> None:
        """The requestor answers first and then waits (PS3.8 Sta9, Sta11)."""
        self._out.append(pdu.RELEASE_RP_BYTES)


class Acceptor(_Association):
    """Waits for a request; after `Requested`, call `accept` or `reject`."""

    def __init__(self, max_pdu: int = MAX_PDU, message_limit: int = MESSAGE_LIMIT) -> None:
        super().__init__(State.AWAITING_REQUEST, max_pdu, message_limit)
        self._handlers = {**self._handlers, framing.ASSOCIATE_RQ: self._on_rq}
        self._max_pdu = max_pdu
        self._rq: pdu.AssociateRq | None = None

    def accept(self, supported: Mapping[str, Sequence[str]]) -> tuple[Context, ...]:
        """Accept what is supported: abstract syntax to transfer syntaxes. The requestor's preference decides.

        Roles are granted as proposed, so that a C-GET requestor can be served.
        """
        rq = self._decide()
        answers = tuple(_answer(proposal, supported) for proposal in rq.proposals)
        user = UserInformation(self._max_pdu, IMPLEMENTATION_UID, IMPLEMENTATION_VERSION, roles=rq.user.roles)
        accepted, _ = _settle(rq.proposals, answers, rq.user.roles)
        self._establish(accepted, rq.user)
        self._out.append(pdu.encode_ac(pdu.AssociateAc(rq.called, rq.calling, answers, user)))
        return accepted

    def reject(self, result: int, source: int, reason: int) -> None:
        """PS3.8 9.3.4. The requestor closes the connection."""
        self._decide()
        self.state = State.CLOSED
        self._out.append(pdu.encode_rj(result, source, reason))

    def _decide(self) -> pdu.AssociateRq:
        if self.state is not State.AWAITING_DECISION or self._rq is None:
            raise NotAllowed(f"nothing to decide while {self.state}")
        return self._rq

    def _on_rq(self, unit: framing.Pdu) -> Iterable[Event]:
        if self.state is not State.AWAITING_REQUEST:
            return self._unexpected(unit)
        rq = pdu.decode_rq(unit.body)
        if rq.user.max_pdu and rq.user.max_pdu < LEAST_MAX_PDU:
            raise Malformed(f"a maximum PDU length of {rq.user.max_pdu} leaves no room for data")
        self.state = State.AWAITING_DECISION
        self._rq = rq
        return [Requested(rq.called, rq.calling, rq.proposals, rq.user)]

    def _on_collision(self) -> None:
        """The acceptor waits for the response before it gives its own (PS3.8 Sta10, Sta12)."""
        self.state = State.RELEASE_COLLIDED


def _proposals(contexts: Sequence[tuple[str, Sequence[str]]]) -> tuple[Proposal, ...]:
    if not 1 <= len(contexts) <= 128:
        raise ValueError(f"{len(contexts)} presentation contexts; 1 to 128 fit an association")
    return tuple(Proposal(2 * n + 1, abstract, tuple(syntaxes)) for n, (abstract, syntaxes) in enumerate(contexts))


def _settle(
    proposals: Sequence[Proposal], answers: Sequence[Answer], roles: Sequence[Role]
) -> tuple[tuple[Context, ...], tuple[Refused, ...]]:
    """Match answers to proposals. A proposal without an answer counts as refused without a reason."""
    by_id = {answer.id: answer for answer in answers}
    served = {role.sop_class for role in roles if role.scp}
    accepted, refused = [], []
    for proposal in proposals:
        answer = by_id.get(proposal.id, Answer(proposal.id, _NO_REASON, ""))
        if answer.result != 0:
            refused.append(Refused(proposal.id, proposal.abstract, proposal.transfers, answer.result))
        elif answer.transfer not in proposal.transfers:
            raise Malformed(f"context {proposal.id} accepted with a transfer syntax that was not proposed")
        else:
            accepted.append(Context(proposal.id, proposal.abstract, answer.transfer, proposal.abstract in served))
    return tuple(accepted), tuple(refused)


def _answer(proposal: Proposal, supported: Mapping[str, Sequence[str]]) -> Answer:
    known = supported.get(proposal.abstract)
    if known is None:
        return Answer(proposal.id, 3, proposal.transfers[0])
    chosen = next((uid for uid in proposal.transfers if uid in known), None)
    return Answer(proposal.id, 4, proposal.transfers[0]) if chosen is None else Answer(proposal.id, 0, chosen)
