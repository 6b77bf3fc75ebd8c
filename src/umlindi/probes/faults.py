"""Faults at a protocol's edge (design, law 9): try again later, or change something first."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Layer(StrEnum):
    """Where a fault shows itself, lowest first. Diagnosis works upwards in this order."""

    TRANSPORT = "transport"
    TLS = "tls"
    ASSOCIATION = "association"
    DIMSE = "dimse"
    APPLICATION = "application"
    DATA = "data"
    WORKFLOW = "workflow"
    HOST = "host"


class Fault(Exception):
    """A peer, or the way to it, did not do what was asked.

    `code` is the protocol's own, as its standard writes it (`A801`, `RJ 1/1/7`, `ECONNREFUSED`, `AE/204`,
    `HTTP 401`), and `meaning` is that code in words a PACS administrator reads. `evidence` holds only what
    may be stored and shown: no patient data, no secrets.
    """

    def __init__(self, layer: Layer, code: str, meaning: str, **evidence: Any) -> None:
        super().__init__(f"{layer} {code}: {meaning}")
        self.layer = layer
        self.code = code
        self.meaning = meaning
        self.evidence = evidence


class Retriable(Fault):
    """The same request may succeed later: congestion, a time-out, a full disk, a peer that is down."""


class Permanent(Fault):
    """The same request will fail again until somebody changes something: a title, a right, the data."""
