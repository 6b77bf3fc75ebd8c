"""pynetdicom as a peer within the test's own process, for what real archives cannot be made to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE

AE_TITLE, HOST = "PYNETDICOM", "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Served:
    """Where it listens, as a `Peer` says it."""

    port: int
    ae: str = AE_TITLE
    host: str = HOST


@contextmanager
def start_pynetdicom(sop_classes: Sequence[Any], handlers: Sequence[Any] = ()) -> Iterator[Served]:
    """Accepts these SOP classes; `handlers` are pynetdicom's pairs of an event and a function."""
    ae = AE(ae_title=AE_TITLE)
    for sop_class in sop_classes:
        ae.add_supported_context(sop_class)
    server: Any = ae.start_server((HOST, 0), block=False, evt_handlers=list(handlers))
    served = Served(server.server_address[1])
    try:
        yield served
    finally:
        _stop(server, served)


def _stop(server: Any, served: Served) -> None:
    """It looks only twice a second whether it should end; a connection wakes it."""
    ending = threading.Thread(target=server.shutdown)
    ending.start()
    while ending.is_alive():
        with suppress(OSError):
            socket.create_connection((served.host, served.port), timeout=1).close()
        ending.join(0.02)
