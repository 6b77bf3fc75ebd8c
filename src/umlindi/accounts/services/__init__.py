"""The verbs about people, roles and tokens. Each writes its audit event in its own transaction."""

from umlindi.accounts.services.people import (
    add_person,
    change_own_name,
    change_person,
    deactivate,
    end_own_sessions,
    ensure_first_admin,
    reactivate,
    reset_password,
    reset_second_factor,
)
from umlindi.accounts.services.refusals import Refused
from umlindi.accounts.services.roles import grant_role, revoke_role
from umlindi.accounts.services.tokens import create_token, revoke_token, token_behind

__all__ = [
    "Refused",
    "add_person",
    "change_own_name",
    "change_person",
    "create_token",
    "deactivate",
    "end_own_sessions",
    "ensure_first_admin",
    "grant_role",
    "reactivate",
    "reset_password",
    "reset_second_factor",
    "revoke_role",
    "revoke_token",
    "token_behind",
]
