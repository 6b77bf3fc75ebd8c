"""Importing an AE-title list of a site: a CSV file as the site keeps it."""

from __future__ import annotations

from dataclasses import replace

from umlindi.core.actors import Actor
from umlindi.estate import csvfile
from umlindi.estate.models import Interface, Site
from umlindi.estate.rules import Complaint
from umlindi.estate.rules.description import describe
from umlindi.estate.rules.readers import shown
from umlindi.estate.rules.titles import NEEDED, Known, Titles, describe_titles, meaning_of
from umlindi.estate.services.importing import EDIT, ImportRefused, ImportReport, Problem, carry_out

_COLUMN_OF = {"called": "AE title", "slug": "AE title"}


def import_titles(actor: Actor, data: bytes, site: Site, *, dry_run: bool = False) -> ImportReport:
    """Make systems and DICOM interfaces of a list's rows. Raises `ImportRefused`; all or nothing.

    Nothing is ever removed by a list, and of a known AE title only the address is changed.
    """
    actor.require(EDIT, site.organisation_id)
    try:
        table = csvfile.read(data, meaning_of, NEEDED)
    except csvfile.NotATable as error:
        raise ImportRefused([Problem(None, "", str(error))]) from error
    sites = dict(Site.objects.filter(organisation=site.organisation_id).values_list("slug", "name"))
    titles = describe_titles(table.rows, site.organisation.slug, site.slug, sites, _known(site))
    description = describe(titles.data)
    description.complaints += titles.complaints + _formulas(table)

    def locate(complaint: Complaint) -> Problem:
        return _located(complaint, titles, table)

    report = carry_out(actor, description, locate, dry_run=dry_run)
    return replace(report, absent=[], warnings=_warnings(titles, table))


def _formulas(table: csvfile.Table) -> list[Complaint]:
    return [
        Complaint(("rows", number, meaning), f"{shown(cell)} is a formula; write the value itself")
        for number, cells in table.rows
        for meaning, cell in cells.items()
        if csvfile.is_formula(cell)
    ]


def _known(site: Site) -> list[Known]:
    """Every system of the organisation with its DICOM interfaces; a system without one still holds its slug."""
    found = Interface.objects.filter(system__site__organisation=site.organisation_id, kind=Interface.Kind.DICOM)
    fields = found.values_list("system__site__slug", "system__slug", "name", "called")
    systems = site.organisation.sites.exclude(systems=None).values_list("slug", "systems__slug")
    return [Known(*row) for row in fields] + [Known(where, slug, "", "") for where, slug in systems]


def _located(complaint: Complaint, titles: Titles, table: csvfile.Table) -> Problem:
    name = str(complaint.place[-1])
    meaning = _COLUMN_OF.get(name, name)
    return Problem(titles.row_of(complaint.place), table.columns.get(meaning, ""), complaint.why)


def _warnings(titles: Titles, table: csvfile.Table) -> list[Problem]:
    unused = [Problem(None, heading, "this column is not used") for heading in table.unknown]
    return unused + [Problem(row, table.columns[meaning], why) for row, meaning, why in titles.warnings]
