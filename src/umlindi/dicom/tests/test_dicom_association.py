"""The association state machine, move by move (PS3.8 9.2)."""

from __future__ import annotations

import pytest

from umlindi.dicom import uids
from umlindi.dicom.dimse.command import Command, CommandField
from umlindi.dicom.upper import (
    Aborted,
    Accepted,
    Acceptor,
    Closed,
    NotAllowed,
    Rejected,
    Released,
    ReleaseRequested,
    Requested,
    Requestor,
    Role,
    State,
    Violation,
    abort_meaning,
    context_meaning,
    pdu,
    reject_meaning,
)
from umlindi.dicom.upper.items import Answer, UserIdentity, UserInformation

CONTEXTS = [(uids.VERIFICATION, uids.UNCOMPRESSED), (uids.CT_IMAGE, (uids.JPEG_BASELINE,))]
ECHO = Command(CommandField.C_ECHO_RQ, 1, sop_class=uids.VERIFICATION)


def pair(**supported: object) -> tuple[Requestor, Acceptor, Accepted]:
    requestor, acceptor = (
        Requestor("UMLINDI", "ARCHIVE", CONTEXTS, roles=[Role(uids.CT_IMAGE, False, True)]),
        Acceptor(),
    )
    (requested,) = acceptor.receive(requestor.to_send())
    assert isinstance(requested, Requested)
    assert (requested.called, requested.calling) == ("ARCHIVE", "UMLINDI")
    acceptor.accept({uids.VERIFICATION: uids.UNCOMPRESSED, **supported})  # type: ignore[dict-item]
    (accepted,) = requestor.receive(acceptor.to_send())
    assert isinstance(accepted, Accepted)
    return requestor, acceptor, accepted


def test_contexts_are_settled_one_by_one_with_the_standards_results() -> None:
    _, _, accepted = pair()
    assert [context.abstract for context in accepted.contexts] == [uids.VERIFICATION]
    assert [(refused.abstract, refused.result) for refused in accepted.refused] == [(uids.CT_IMAGE, 3)]
    _, _, accepted = pair(**{uids.CT_IMAGE: uids.UNCOMPRESSED})
    assert [(refused.abstract, refused.result) for refused in accepted.refused] == [(uids.CT_IMAGE, 4)]


def test_a_granted_scp_role_is_told() -> None:
    _, _, accepted = pair(**{uids.CT_IMAGE: (uids.JPEG_BASELINE,)})
    assert {context.abstract: context.as_scp for context in accepted.contexts} == {
        uids.VERIFICATION: False,
        uids.CT_IMAGE: True,
    }


def test_release_is_confirmed_and_ends_both_sides() -> None:
    requestor, acceptor, _ = pair()
    requestor.release()
    assert acceptor.receive(requestor.to_send()) == [ReleaseRequested()]
    acceptor.confirm_release()
    assert requestor.receive(acceptor.to_send()) == [Released()]
    assert requestor.closed
    assert acceptor.closed


def test_when_both_ask_for_release_both_are_released() -> None:
    requestor, acceptor, _ = pair()
    requestor.release()
    acceptor.release()
    from_requestor, from_acceptor = requestor.to_send(), acceptor.to_send()
    assert acceptor.receive(from_requestor) == []
    assert acceptor.state is State.RELEASE_COLLIDED
    assert requestor.receive(from_acceptor) == []
    assert acceptor.receive(requestor.to_send()) == [Released()]
    assert requestor.receive(acceptor.to_send()) == [Released()]


def test_data_may_arrive_after_we_asked_for_release() -> None:
    requestor, acceptor, _ = pair()
    requestor.release()
    acceptor.send_message(1, ECHO)
    (message,) = requestor.receive(acceptor.to_send())
    assert message.command == ECHO  # type: ignore[union-attr]


@pytest.mark.parametrize(("result", "source", "reason"), [(1, 1, 7), (1, 1, 3), (2, 3, 2), (1, 2, 2)])
def test_a_rejection_is_told_with_its_three_numbers(result: int, source: int, reason: int) -> None:
    requestor, acceptor = Requestor("UMLINDI", "ARCHIVE", CONTEXTS), Acceptor()
    acceptor.receive(requestor.to_send())
    acceptor.reject(result, source, reason)
    assert requestor.receive(acceptor.to_send()) == [Rejected(result, source, reason)]
    assert requestor.receive_eof() == []


def test_an_abort_is_told_and_nothing_more_is_read() -> None:
    requestor, acceptor, _ = pair()
    requestor.abort()
    assert acceptor.receive(requestor.to_send() + b"HTTP/1.1") == [Aborted(0, 0)]
    assert acceptor.receive(b"more") == []


@pytest.mark.parametrize("unexpected", [pdu.RELEASE_RP_BYTES, pdu.encode_rj(1, 1, 1)])
def test_a_pdu_that_the_state_does_not_allow_is_answered_by_an_abort(unexpected: bytes) -> None:
    requestor, _, _ = pair()
    (event,) = requestor.receive(unexpected)
    assert isinstance(event, Violation)
    assert event.reason == 2
    assert requestor.to_send() == pdu.encode_abort(2, 2)


def test_a_connection_closed_without_a_word_says_how_much_was_pending() -> None:
    requestor, _, _ = pair()
    requestor.receive(b"\x04\x00\x00")
    assert requestor.receive_eof() == [Closed(3)]


def test_a_peer_that_leaves_no_room_for_data_is_refused() -> None:
    requestor = Requestor("UMLINDI", "ARCHIVE", CONTEXTS)
    ac = pdu.AssociateAc("", "", (Answer(1, 0, uids.IMPLICIT_VR_LE),), UserInformation(max_pdu=6))
    (event,) = requestor.receive(pdu.encode_ac(ac))
    assert isinstance(event, Violation)


def test_a_transfer_syntax_nobody_proposed_is_a_violation() -> None:
    requestor = Requestor("UMLINDI", "ARCHIVE", CONTEXTS)
    ac = pdu.AssociateAc("", "", (Answer(1, 0, uids.RLE_LOSSLESS),), UserInformation())
    (event,) = requestor.receive(pdu.encode_ac(ac))
    assert isinstance(event, Violation)


def test_an_answer_without_a_context_counts_as_refused() -> None:
    requestor = Requestor("UMLINDI", "ARCHIVE", CONTEXTS)
    (event,) = requestor.receive(pdu.encode_ac(pdu.AssociateAc("", "", (), UserInformation())))
    assert isinstance(event, Accepted)
    assert [refused.result for refused in event.refused] == [2, 2]


def test_calls_that_the_state_does_not_allow_are_the_callers_mistake() -> None:
    requestor, acceptor = Requestor("UMLINDI", "ARCHIVE", CONTEXTS), Acceptor()
    with pytest.raises(NotAllowed):
        requestor.send_message(1, ECHO)
    with pytest.raises(NotAllowed):
        requestor.release()
    with pytest.raises(NotAllowed):
        acceptor.accept({})
    with pytest.raises(NotAllowed):
        acceptor.confirm_release()
    with pytest.raises(ValueError, match="129 presentation contexts"):
        Requestor("UMLINDI", "ARCHIVE", [CONTEXTS[0]] * 129)


def test_a_users_identity_never_reaches_a_log() -> None:
    assert "secret" not in repr(UserIdentity(2, b"someone", b"secret"))


def test_meanings_are_the_standards_words_and_admit_what_is_reserved() -> None:
    assert reject_meaning(1, 1, 7) == "rejected-permanent: called AE title not recognized"
    assert reject_meaning(2, 3, 1) == "rejected-transient: temporary congestion"
    assert reject_meaning(9, 1, 5) == "reserved result 9: reserved reason 5 of source 1"
    assert abort_meaning(2, 1) == "aborted by the UL service-provider: unrecognized PDU"
    assert abort_meaning(0, 6) == "aborted by the UL service-user"
    assert context_meaning(4) == "transfer syntaxes not supported (provider rejection)"
