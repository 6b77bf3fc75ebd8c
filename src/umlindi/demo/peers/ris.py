"""A RIS as an HL7 peer: it acknowledges what it can file and refuses records that it does not know."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime

from umlindi.hl7 import ack
from umlindi.hl7.message import NotHl7, parse
from umlindi.hl7.server import MllpServer

TEST_RECORD = "ZZUMLINDI"
TEST_MESSAGE = "\r".join(
    (
        "MSH|^~\\&|UMLINDI|THUSONG|RIS|THUSONG|20260101000000||ADT^A08^ADT_A01|0|P|2.5|||||ZAF|UNICODE UTF-8",
        "EVN|A08|20260101000000",
        f"PID|1||{TEST_RECORD}^^^THUSONG^MR||UMLINDI^CANARY",
        "PV1|1|N",
    )
)
_SUPPORTED = frozenset({"ADT", "ORM", "OMI", "ORU", "SIU"})


class Ris:
    """An MLLP listener. `hl7-nack`: the test record has gone (AE/204). `hl7-silent`: it reads and never answers."""

    real = False

    def __init__(self, system: str, port: int) -> None:
        self.system = system
        self.name = "RIS (HL7 peer of our own)"
        self.port = port
        self._faults: frozenset[str] = frozenset()
        self._server: MllpServer | None = None

    @property
    def pid(self) -> int | None:
        return os.getpid() if self._server else None

    async def apply(self, faults: frozenset[str]) -> None:
        """Take the faults that are to be in force from now on."""
        self._faults = faults
        if "listener-down" in faults:
            await self.stop()
        elif self._server is None:
            self._server = await MllpServer(self._answer, port=self.port).__aenter__()

    async def stop(self) -> None:
        """Close the listener."""
        if self._server is not None:
            await self._server.__aexit__(None, None, None)
            self._server = None

    async def _answer(self, content: bytes) -> bytes | None:
        if "hl7-silent" in self._faults:
            return None
        try:
            received = parse(content)
        except NotHl7:
            return None
        code, error = self._judge(received.header.text(9), received.first("PID"))
        now = datetime.now(UTC)
        answer = ack.acknowledge(received, now, control_id=f"RIS{secrets.token_hex(6)}", code=code, error=error)
        return answer.encode()

    def _judge(self, kind: str, pid: object) -> tuple[str, str]:
        """MSA-1 and ERR-3 (HL7 tables 0008 and 0357)."""
        if kind not in _SUPPORTED:
            return "AR", "200"
        if pid is None:
            return "AE", "100"
        return ("AE", "204") if "hl7-nack" in self._faults else ("AA", "")
