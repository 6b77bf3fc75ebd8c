"""How sign-in differs from allauth's own: nobody signs up."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an administrator, who gives them a one-time password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
