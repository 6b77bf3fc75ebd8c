"""The lower rungs: association, C-ECHO, capabilities."""

from __future__ import annotations

import time
from collections import defaultdict

from umlindi.dicom import uids
from umlindi.dicom.aio import ContextProposal
from umlindi.dicom.probe.climb import Climb
from umlindi.dicom.upper import Accepted
from umlindi.probes.ladder import Rung

_SERVICES = (
    uids.VERIFICATION,
    uids.STUDY_ROOT_FIND,
    uids.STUDY_ROOT_MOVE,
    uids.STUDY_ROOT_GET,
    uids.PATIENT_ROOT_FIND,
    uids.PATIENT_ROOT_MOVE,
    uids.PATIENT_ROOT_GET,
    uids.MODALITY_WORKLIST_FIND,
    uids.MPPS,
    uids.STORAGE_COMMITMENT_PUSH,
)
# An acceptor chooses one transfer syntax a context, so each is asked for in a context of its own. Nine storage
# classes in nine syntaxes, the rest uncompressed: 10 + 81 + 14 fit the 128 of an association.
_COMPRESSED_TOO = (
    uids.CR_IMAGE,
    uids.DX_IMAGE,
    uids.MG_IMAGE,
    uids.CT_IMAGE,
    uids.MR_IMAGE,
    uids.US_IMAGE,
    uids.US_MULTIFRAME_IMAGE,
    uids.SECONDARY_CAPTURE,
    uids.XA_IMAGE,
)
_SYNTAXES = (
    uids.EXPLICIT_VR_LE,
    uids.IMPLICIT_VR_LE,
    uids.JPEG_BASELINE,
    uids.JPEG_LOSSLESS_SV1,
    uids.JPEG_LS_LOSSLESS,
    uids.JPEG_2000_LOSSLESS,
    uids.JPEG_2000,
    uids.RLE_LOSSLESS,
    uids.MPEG4_HP41,
)
_UNCOMPRESSED_ONLY = (
    uids.RF_IMAGE,
    uids.NM_IMAGE,
    uids.PET_IMAGE,
    uids.ENHANCED_CT_IMAGE,
    uids.ENHANCED_MR_IMAGE,
    uids.BREAST_TOMOSYNTHESIS,
    uids.VL_ENDOSCOPIC,
    uids.VL_PHOTOGRAPHIC,
    uids.GRAYSCALE_PRESENTATION_STATE,
    uids.KEY_OBJECT_SELECTION,
    uids.BASIC_TEXT_SR,
    uids.ENHANCED_SR,
    uids.DOSE_SR,
    uids.ENCAPSULATED_PDF,
)


def capability_contexts() -> list[ContextProposal]:
    """What the capabilities step proposes."""
    contexts: list[ContextProposal] = [(uid, uids.UNCOMPRESSED) for uid in (*_SERVICES, *_UNCOMPRESSED_ONLY)]
    contexts += [(uid, (syntax,)) for uid in _COMPRESSED_TOO for syntax in _SYNTAXES]
    return contexts


async def association(climb: Climb, rung: Rung) -> None:
    """Associate for Verification. `ms` runs from the connection to the peer's acceptance."""
    began = time.perf_counter()
    made = await climb.hold()
    rung.ms = (time.perf_counter() - began) * 1000
    told = _told(made.accepted)
    rung.says("", "accepted", **told)
    climb.ladder.facts.update(told)


def _told(accepted: Accepted) -> dict[str, object]:
    return {
        "implementation_class_uid": accepted.implementation_uid,
        "implementation_version": accepted.implementation_version,
        "max_pdu": accepted.max_pdu,
    }


async def echo(climb: Climb, rung: Rung) -> None:
    """C-ECHO over the association that is open; `ms` is the round trip alone."""
    async with climb.opened() as made:
        began = time.perf_counter()
        await made.echo()
        rung.ms = (time.perf_counter() - began) * 1000
        rung.says("0000", "C-ECHO answered")


async def capabilities(climb: Climb, rung: Rung) -> None:
    """Which SOP classes and transfer syntaxes the peer accepts, asked by one association that sends nothing."""
    async with climb.associate(capability_contexts()) as made:
        accepted = _by_class(made.accepted)
        named = {uids.name_of(uid): [uids.name_of(syntax) for syntax in found] for uid, found in accepted.items()}
        refused = sorted({uids.name_of(each.abstract) for each in made.accepted.refused} - set(named))
        rung.says("", f"{len(named)} SOP classes accepted", accepted=named, refused=refused)


def _by_class(accepted: Accepted) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for context in accepted.contexts:
        found[context.abstract].append(context.transfer)
    return dict(found)
