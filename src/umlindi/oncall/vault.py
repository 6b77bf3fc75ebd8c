"""A channel's URL at rest: who reads the database, or a backup of it, cannot send in its name."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unreadable(Exception):
    """The secret was encrypted under another secret_key."""


def sealed(plain: str) -> str:
    return _cipher().encrypt(plain.encode()).decode()


def opened(secret: str) -> str:
    """Raises `Unreadable`."""
    try:
        return _cipher().decrypt(secret.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def _cipher() -> Fernet:
    key = hashlib.sha256(b"channel" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
