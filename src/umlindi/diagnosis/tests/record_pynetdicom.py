"""Faults and healthy exchanges as pynetdicom and pydicom tell them."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pynetdicom
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, JPEG2000Lossless
from pynetdicom import AE, evt

from umlindi.diagnosis.tests.recording import (
    answering,
    image,
    listening_here,
    pynetdicom_log,
    pynetdicom_scp,
    records,
    run,
)
from umlindi.dicom import uids
from umlindi.testing.peers import free_port, start_dcmqrscp, start_storescp

PYNETDICOM = f"pynetdicom {pynetdicom.__version__}"


def asked(port: int, ask: Callable[[Any], object], *contexts: Any, called: str = "PYSCP", seconds: float = 3) -> str:
    """What a pynetdicom requestor logs."""
    with pynetdicom_log() as said:
        ae = AE(ae_title="CT1")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = seconds
        for context in contexts or (uids.VERIFICATION,):
            ae.add_requested_context(context)
        association = ae.associate("127.0.0.1", port, ae_title=called)
        if association.is_established:
            ask(association)
            association.release()
        return said.getvalue()


@records("pynetdicom-healthy", PYNETDICOM)
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        echo = asked(peer.port, lambda each: each.send_c_echo(), called="ARCHIVE")
        picture = image(folder)
        return echo + asked(peer.port, lambda each: each.send_c_store(picture), CTImageStorage, called="ARCHIVE")


@records("pynetdicom-called", PYNETDICOM, "called-ae-not-recognised")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        return asked(peer.port, lambda each: each.send_c_echo(), called="ARCHIEVE")


@records("pynetdicom-calling", PYNETDICOM, "calling-ae-not-recognised")
def _(_: Path) -> str:
    with pynetdicom_scp([], require_calling_aet=["CT9"]) as port:
        return asked(port, lambda each: each.send_c_echo())


@records("pynetdicom-refused", PYNETDICOM, "connection-refused")
def _(_: Path) -> str:
    return asked(free_port(), lambda each: each.send_c_echo())


@records("pynetdicom-busy", PYNETDICOM, "association-limit")
def _(_: Path) -> str:
    with pynetdicom_scp([], limit=1) as port:
        held = AE().associate("127.0.0.1", port, contexts=[pynetdicom.build_context(uids.VERIFICATION)])
        said = asked(port, lambda each: each.send_c_echo())
        held.release()
        return said


@records("pynetdicom-silent", PYNETDICOM, "host-silent")
def _(_: Path) -> str:
    with answering(None) as port:
        return asked(port, lambda each: each.send_c_echo(), seconds=1)


@records("pynetdicom-stalled", PYNETDICOM, "exchange-stalled")
def _(_: Path) -> str:
    def slow(_: Any) -> int:
        time.sleep(3)
        return 0

    with pynetdicom_scp([(evt.EVT_C_ECHO, slow)]) as port:
        return asked(port, lambda each: each.send_c_echo(), seconds=1)


@records("pynetdicom-sop-class", PYNETDICOM, "sop-class-unsupported")
def _(_: Path) -> str:
    with pynetdicom_scp([], uids.VERIFICATION) as port:
        return asked(port, lambda each: None, CTImageStorage)


@records("pynetdicom-syntax", PYNETDICOM, "transfer-syntax-unsupported")
def _(folder: Path) -> str:
    with start_storescp(folder / "scp") as peer:
        picture = image(folder, syntax=JPEG2000Lossless)

        def send(association: Any) -> None:
            try:
                association.send_c_store(picture)
            except ValueError as error:
                logging.getLogger("pynetdicom").log(logging.ERROR, error)

        return asked(peer.port, send, CTImageStorage)


@records("pynetdicom-aborted", PYNETDICOM, "aborted")
def _(_: Path) -> str:
    with pynetdicom_scp([(evt.EVT_C_ECHO, lambda event: event.assoc.abort() or 0)]) as port:
        return asked(port, lambda each: each.send_c_echo())


@records("pynetdicom-handler", f"{PYNETDICOM} as receiver", "handler-fault")
def _(folder: Path) -> str:
    def broken(_: Any) -> int:
        raise KeyError("AccessionNumber")

    with pynetdicom_log() as said, listening_here([(evt.EVT_C_STORE, broken)]) as port:
        run("storescu", "-R", "-aec", "PYSCP", "127.0.0.1", str(port), image(folder))
        return said.getvalue()


@records("pynetdicom-move", PYNETDICOM, "move-destination-unknown")
def _(folder: Path) -> str:
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", "1.2.826.0.1.3680043.8.498.80"
    model = uids.STUDY_ROOT_MOVE
    with start_dcmqrscp(folder) as peer:
        picture = image(folder, StudyInstanceUID=keys.StudyInstanceUID)
        run("storescu", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), picture)
        return asked(peer.port, lambda each: list(each.send_c_move(keys, "NOBODY", model)), model, called="ARCHIVE")


@records("pynetdicom-move-scp", f"{PYNETDICOM} as receiver", "move-destination-unknown")
def _(_: Path) -> str:
    model = uids.STUDY_ROOT_MOVE
    handlers = [(evt.EVT_C_MOVE, lambda _: iter([(None, None)]))]
    with pynetdicom_log() as said, listening_here(handlers, model) as port:
        keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3")
        run("movescu", "-S", "-aec", "PYSCP", "-aem", "NOBODY", *keys, "127.0.0.1", str(port))
        return said.getvalue()


def procedure_step(change: Dataset, status: int) -> str:
    """An N-SET of a performed procedure step, as pynetdicom logs it."""
    with pynetdicom_scp([(evt.EVT_N_SET, lambda _: (status, None))], uids.MPPS) as port:

        def send(association: Any) -> None:
            logging.getLogger("pynetdicom").debug("Modification List:\n%s", change)
            association.send_n_set(change, uids.MPPS, "1.2.826.0.1.3680043.8.498.77")

        return asked(port, send, uids.MPPS)


def discontinued(code: str, meaning: str) -> Dataset:
    reason = Dataset()
    reason.CodeValue, reason.CodingSchemeDesignator, reason.CodeMeaning = code, "DCM", meaning
    change = Dataset()
    change.PerformedProcedureStepStatus = "DISCONTINUED"
    change.PerformedProcedureStepDiscontinuationReasonCodeSequence = [reason]
    return change


@records("pynetdicom-mpps-wrong-entry", PYNETDICOM, "wrong-worklist-entry")
def _(_: Path) -> str:
    return procedure_step(discontinued("110514", "Incorrect worklist entry selected"), 0)


@records("pynetdicom-mpps-wrong-side", PYNETDICOM, "wrong-side-ordered")
def _(_: Path) -> str:
    return procedure_step(discontinued("110512", "Incorrect side ordered"), 0)


@records("pynetdicom-mpps-closed", PYNETDICOM, "mpps-cannot-change")
def _(_: Path) -> str:
    completed = Dataset()
    completed.PerformedProcedureStepStatus = "COMPLETED"
    return procedure_step(completed, 0x0110)


@records("pynetdicom-commitment", PYNETDICOM, "commitment-failed")
def _(_: Path) -> str:
    failed = Dataset()
    failed.ReferencedSOPClassUID, failed.ReferencedSOPInstanceUID = CTImageStorage, "1.2.826.0.1.3680043.8.498.78"
    failed.FailureReason = 0x0112
    report = Dataset()
    report.TransactionUID, report.FailedSOPSequence = "1.2.826.0.1.3680043.8.498.79", [failed]
    with pynetdicom_scp([(evt.EVT_N_EVENT_REPORT, lambda _: (0, None))], uids.STORAGE_COMMITMENT_PUSH) as port:

        def send(association: Any) -> None:
            logging.getLogger("pynetdicom").debug("Event Information:\n%s", report)
            association.send_n_event_report(report, 2, uids.STORAGE_COMMITMENT_PUSH, "1.2.840.10008.1.20.1.1")

        return asked(port, send, uids.STORAGE_COMMITMENT_PUSH)


@records("pydicom-encoding", f"pydicom {pydicom.__version__}", "garbled-names")
def _(folder: Path) -> str:
    picture = image(folder)
    script = (
        "import pydicom, sys; ds = pydicom.dcmread(sys.argv[1]); ds.SpecificCharacterSet = 'ISO_IR 999';"
        "ds.decode(); print(ds.PatientName)"
    )
    return run(sys.executable, "-c", script, picture)


@records("pynetdicom-dropped", f"{PYNETDICOM} against a receiver that is killed", "association-dropped, aborted")
def _(_: Path) -> str:
    def die(_: Any) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    with pynetdicom_scp([(evt.EVT_C_ECHO, die)]) as port:
        return asked(port, lambda each: each.send_c_echo())
