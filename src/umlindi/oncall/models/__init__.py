"""Rotas and what changes them, people's channels and rules, and public holidays."""

from umlindi.oncall.models.channels import Channel, PersonalRule, Profile
from umlindi.oncall.models.holidays import Holiday
from umlindi.oncall.models.rotas import Handover, Layer, Override, Rota, Swap, Turn

__all__ = ["Channel", "Handover", "Holiday", "Layer", "Override", "PersonalRule", "Profile", "Rota", "Swap", "Turn"]
