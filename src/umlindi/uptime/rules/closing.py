"""What a closed month is proved by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any


def fingerprint(head: Mapping[str, Any], figures: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over a month's policy and figures: canonical JSON, keys sorted, the figures by kind and subject."""
    told = sorted(figures, key=lambda one: (one["kind"], one["subject"]))
    canonical = json.dumps({**head, "figures": told}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
