"""The verbs of on call. Each writes its audit event in its transaction; a channel's health is measured and has none."""

from umlindi.accounts.services import Refused
from umlindi.oncall.services.channels import (
    Tested,
    add_mail,
    add_service,
    note,
    remove_channel,
    set_enabled,
    try_channel,
)
from umlindi.oncall.services.holes import watch_holes
from umlindi.oncall.services.holidays import add_holiday, ensure_years, remove_holiday
from umlindi.oncall.services.overrides import put_on, take_off, write_handover
from umlindi.oncall.services.profiles import new_calendar_link, set_profile, set_rules
from umlindi.oncall.services.rotas import LayerGiven, fingerprint, remove_rota, save_rota
from umlindi.oncall.services.swaps import accept, decline, propose, withdraw

__all__ = [
    "LayerGiven",
    "Refused",
    "Tested",
    "accept",
    "add_holiday",
    "add_mail",
    "add_service",
    "decline",
    "ensure_years",
    "fingerprint",
    "new_calendar_link",
    "note",
    "propose",
    "put_on",
    "remove_channel",
    "remove_holiday",
    "remove_rota",
    "save_rota",
    "set_enabled",
    "set_profile",
    "set_rules",
    "take_off",
    "try_channel",
    "watch_holes",
    "withdraw",
    "write_handover",
]
