"""Secrets that we make: only their digest is kept."""

from __future__ import annotations

import hashlib


def digest_of(secret: str) -> str:
    """SHA-256 without salt or stretching is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
