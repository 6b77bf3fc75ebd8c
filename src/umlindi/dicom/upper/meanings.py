"""What the upper layer's codes mean, in the standard's words (PS3.8 9.3.2 to 9.3.8)."""

from __future__ import annotations

# PS3.8 Table 9-21.
REJECT_RESULTS = {1: "rejected-permanent", 2: "rejected-transient"}
REJECT_SOURCES = {
    1: "UL service-user",
    2: "UL service-provider (ACSE related function)",
    3: "UL service-provider (Presentation related function)",
}
REJECT_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}
# PS3.8 Table 9-26.
ABORT_SOURCES = {0: "UL service-user", 2: "UL service-provider"}
ABORT_REASONS = {
    0: "reason not specified",
    1: "unrecognized PDU",
    2: "unexpected PDU",
    4: "unrecognized PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}
# PS3.8 Table 9-18.
CONTEXT_RESULTS = {
    0: "acceptance",
    1: "user rejection",
    2: "no reason (provider rejection)",
    3: "abstract syntax not supported (provider rejection)",
    4: "transfer syntaxes not supported (provider rejection)",
}


def reject_meaning(result: int, source: int, reason: int) -> str:
    """`rejected-permanent: called AE title not recognized`; reserved values are said to be reserved."""
    said = REJECT_REASONS.get((source, reason), f"reserved reason {reason} of source {source}")
    return f"{REJECT_RESULTS.get(result, f'reserved result {result}')}: {said}"


def abort_meaning(source: int, reason: int) -> str:
    """The reason is significant only where the provider aborted (PS3.8 9.3.8)."""
    who = ABORT_SOURCES.get(source, f"reserved source {source}")
    if source != 2:
        return f"aborted by the {who}"
    return f"aborted by the {who}: {ABORT_REASONS.get(reason, f'reserved reason {reason}')}"


def context_meaning(result: int) -> str:
    return CONTEXT_RESULTS.get(result, f"reserved result {result}")
