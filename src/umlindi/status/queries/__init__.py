"""Reads of status pages and the wallboard."""

from umlindi.status.queries.client import ClientPage, Told, client_page
from umlindi.status.queries.staff import PageRow, links_of, page_rows, systems_to_show, wall_links

__all__ = [
    "ClientPage",
    "PageRow",
    "Told",
    "client_page",
    "links_of",
    "page_rows",
    "systems_to_show",
    "wall_links",
]
