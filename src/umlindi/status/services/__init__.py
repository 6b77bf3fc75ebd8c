"""Verbs about status pages and secret links. Each writes its audit event in its own transaction."""

from umlindi.status.services.links import link_behind, make_link, revoke_link
from umlindi.status.services.pages import Shown, add_page, change_page, remove_page, say, tell

__all__ = [
    "Shown",
    "add_page",
    "change_page",
    "link_behind",
    "make_link",
    "remove_page",
    "revoke_link",
    "say",
    "tell",
]
