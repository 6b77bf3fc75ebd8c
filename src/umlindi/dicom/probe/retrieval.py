"""The canary's rungs: store it, retrieve it by C-MOVE, C-GET and WADO-RS, remove it where the peer allows."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from umlindi.dicom import uids
from umlindi.dicom.aio import Received, SubOperations
from umlindi.dicom.canary import INSTANCES, Canary, pixel_hash
from umlindi.dicom.dimse import status as statuses
from umlindi.dicom.dimse.datasets import decode_dataset
from umlindi.dicom.dimse.status import Service
from umlindi.dicom.listener import listen, storage
from umlindi.dicom.probe.climb import Climb, NotTried
from umlindi.dicom.upper import Role
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable
from umlindi.probes.ladder import Rung

_STORE = (uids.SECONDARY_CAPTURE, uids.UNCOMPRESSED)
_MOVE = (uids.STUDY_ROOT_MOVE, uids.UNCOMPRESSED)
_GET = (uids.STUDY_ROOT_GET, uids.UNCOMPRESSED)
# The last sub-operation's object may still be on its way to us when the C-MOVE is answered.
_STRAGGLER_SECONDS = 2.0
# Scope of work A4: images are retrieved in at most 5 s.
SLOW_MS = 5000.0


@dataclass(slots=True)
class Arrivals:
    """The canary's instances as they come back: when, how large, and with which pixels."""

    canary: Canary
    began: float = field(default_factory=time.perf_counter)
    hashes: dict[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    bytes: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, received: Received) -> int:
        """Take one C-STORE object; the status to answer with."""
        self.arrived(len(received.data))
        self.take(decode_dataset(received.data, received.transfer))
        return statuses.SUCCESS

    def arrived(self, size: int) -> None:
        """Note the moment, before anything is read."""
        self.times.append((time.perf_counter() - self.began) * 1000)
        self.bytes += size

    def take(self, dataset: Dataset) -> None:
        """Note what it is. Pixels that are no bytes hash as none, and so count as changed."""
        pixels = dataset.get("PixelData")
        self.hashes[str(dataset.get("SOPInstanceUID", ""))] = pixel_hash(pixels if isinstance(pixels, bytes) else b"")
        if len(self.hashes) >= INSTANCES:
            self.complete.set()

    def evidence(self) -> dict[str, object]:
        """Milliseconds from the request to the first and the last object, and between neighbours."""
        if not self.times:
            return {"instances": 0, "bytes": 0}
        gaps = [after - before for before, after in itertools.pairwise([0.0, *self.times])]
        return {
            "instances": len(self.hashes),
            "bytes": self.bytes,
            "first_ms": round(self.times[0], 1),
            "last_ms": round(self.times[-1], 1),
            **per_object(gaps),
        }

    def judge(self, rung: Rung, code: str) -> None:
        """What the retrieval was worth. Raises where it brought something else than was stored."""
        rung.evidence |= self.evidence()
        rung.ms = self.times[-1] if self.times else None
        self._verify()
        if rung.ms is not None and rung.ms > SLOW_MS:
            rung.complains("SLOW", f"{rung.ms / 1000:.1f} s to the last of {INSTANCES} instances")
        else:
            rung.says(code, f"{INSTANCES} instances came back, their pixels unchanged")

    def _verify(self) -> None:
        """The set of instances and the pixels of each must be those that were stored. Raises what is wrong."""
        due = self.canary.hashes()
        missing, strange = len(set(due) - set(self.hashes)), len(set(self.hashes) - set(due))
        if missing or strange:
            said = f"{missing} of {INSTANCES} instances are missing, {strange} do not belong to the study"
            raise Permanent(Layer.DATA, "INCOMPLETE", said, missing=missing, strange=strange)
        changed = sum(self.hashes[uid] != digest for uid, digest in due.items())
        if changed:
            raise Permanent(Layer.DATA, "CHANGED", f"the pixels of {changed} instances came back different")


def per_object(milliseconds: list[float]) -> dict[str, object]:
    """Many small objects that each take about 40 ms show Nagle's algorithm meeting delayed acknowledgements."""
    rounded = [round(ms, 1) for ms in milliseconds]
    return {"per_object_ms": rounded, "per_object_median_ms": round(statistics.median(milliseconds), 1)}


async def store(climb: Climb, rung: Rung) -> None:
    """C-STORE of the three instances of the canary over one association."""
    async with climb.associate([_STORE]) as association:
        context = association.context(uids.SECONDARY_CAPTURE)
        times, found, size = [], set(), 0
        for dataset in Canary(climb.target.calling).datasets():
            began = time.perf_counter()
            found.add(await association.store(dataset))
            times.append((time.perf_counter() - began) * 1000)
            size += len(dataset.PixelData)
        climb.stored = True
        evidence = {"instances": len(times), "bytes": size, "transfer_syntax": uids.name_of(context.transfer)}
        rung.ms = sum(times)
        _say_stored(rung, found, {**evidence, **per_object(times)})


def _say_stored(rung: Rung, found: set[int], evidence: dict[str, object]) -> None:
    warnings = sorted(found - {statuses.SUCCESS})
    if warnings:
        said = f"stored, but {statuses.meaning(Service.STORE, warnings[0])}"
        rung.complains(statuses.code(warnings[0]), said, **evidence)
    else:
        rung.says("0000", f"{INSTANCES} instances stored", **evidence)


def retrieve_keys(canary: Canary) -> Dataset:
    """The study-level identifier of the canary."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = canary.study_uid
    return keys


async def move(climb: Climb, rung: Rung) -> None:
    """C-MOVE of the canary to our own listener; the objects' times are those of their arrival."""
    target = climb.target
    if target.move_port == 0 and "move" not in target.expect:
        raise NotTried("a peer sends only to a port it has on record, and none was given (--move-port)")
    destination = target.move_ae or target.calling
    arrivals = Arrivals(Canary(climb.target.calling))
    async with listen(target.move_host, target.move_port, destination, storage(), arrivals.keep) as listener:
        rung.evidence |= {"destination": destination, "listener_port": listener.port}
        if target.move_port == 0:
            rung.evidence["listener"] = "on a free port, since none was given"
        async with climb.associate([_MOVE]) as association:
            arrivals.began = time.perf_counter()
            try:
                done = await association.move(uids.STUDY_ROOT_MOVE, retrieve_keys(arrivals.canary), destination)
                await _stragglers(arrivals)
            finally:
                rung.evidence |= arrivals.evidence()
        _judge(rung, Service.MOVE, done, arrivals)


async def _stragglers(arrivals: Arrivals) -> None:
    try:
        async with asyncio.timeout(_STRAGGLER_SECONDS):
            await arrivals.complete.wait()
    except TimeoutError:
        return


async def get(climb: Climb, rung: Rung) -> None:
    """C-GET of the canary over the association that asks for it."""
    roles = [Role(uids.SECONDARY_CAPTURE, scu=False, scp=True)]
    arrivals = Arrivals(Canary(climb.target.calling))
    async with climb.associate([_GET, _STORE], roles) as association:
        arrivals.began = time.perf_counter()
        try:
            done = await association.get(uids.STUDY_ROOT_GET, retrieve_keys(arrivals.canary), arrivals.keep)
        finally:
            rung.evidence |= arrivals.evidence()
        _judge(rung, Service.GET, done, arrivals)


def _judge(rung: Rung, service: Service, done: SubOperations, arrivals: Arrivals) -> None:
    rung.evidence |= {"completed": done.completed, "failed": done.failed, "warning": done.warning}
    if done.failed:
        raise _partial(service, done)
    arrivals.judge(rung, statuses.code(done.status))


def _partial(service: Service, done: SubOperations) -> Fault:
    said = f"{service}: {statuses.meaning(service, done.status)}; {done.failed} of {INSTANCES} sub-operations failed"
    return Retriable(Layer.DIMSE, statuses.code(done.status), said)
