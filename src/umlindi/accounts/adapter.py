"""How sign-in differs from allauth's own: nobody signs up, a changed password is audited, secrets are encrypted."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.core.audit import audited

WEAK = {
    "password_too_short": "Twelve characters or more.",
    "password_too_similar": "This is too close to your name or your address.",
    "password_too_common": "Many people use this password: choose another.",
}
QUIET = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})


def locked_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The name that a lock-out counts by: sign-in takes a name in any case, so one person must be one name."""
    typed = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(typed).lower()


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an administrator, who gives them a one-time password."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "Your access has ended. An administrator can let you back in.",
        "enter_current_password": "This is not your password.",
        "incorrect_password": "This is not your password.",
        "rate_limited": "Too many tries. Wait a few minutes.",
        "too_many_login_attempts": "Too many tries. Wait a few minutes.",
        "username_password_mismatch": "This name and this password do not belong together.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *rest: Any, **named: Any
    ) -> None:
        """Whoever has just signed in or out sees that without being told."""
        if message_template not in QUIET:
            super().add_message(request, level, message_template, *rest, **named)

    def clean_password(self, password: str, user: User | None = None) -> str:
        try:
            return str(super().clean_password(password, user))
        except ValidationError as refused:
            raise ValidationError([WEAK[str(each.code)] for each in refused.error_list]) from refused

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("now")

    def set_password(self, user: User, password: str) -> None:
        with audited(actor_of(user), "password.changed", user):
            user.set_password(password)
            user.must_change_password = False
            user.save(update_fields=["password", "must_change_password"])


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Who reads the database, or a backup of it, cannot make anybody's codes: their seeds are encrypted under a key
    made from the site's secret key, which is not in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": "This is not the code that is shown now."}

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: User) -> str:
        return user.username


def _cipher() -> Fernet:
    key = hashlib.sha256(b"second factor" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
