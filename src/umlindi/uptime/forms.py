"""What people type: a period, a window, an objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.core.widgets import Day, Moment
from umlindi.estate.models import Site, System
from umlindi.uptime.models import Terms, Window
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.queries.windows import zone_of
from umlindi.uptime.rules.months import read_month
from umlindi.uptime.rules.windows import MOST_WEEKS
from umlindi.uptime.services.objectives import Promised
from umlindi.uptime.services.windows import Wanted

GRACES = ((5, "5 minutes"), (15, "15 minutes"), (30, "30 minutes"), (60, "an hour"))


def several(rows: int) -> forms.SelectMultiple:
    return forms.SelectMultiple(attrs={"size": rows})


class ComplainingForm(forms.Form):
    """A form that says what a service refused."""

    def complain(self, complaints: Mapping[str, str]) -> None:
        """Put each complaint beside its field."""
        for name, why in complaints.items():
            self.add_error(name if name in self.fields else None, why)


class PeriodForm(forms.Form):
    """`period` names a month; else `from` and `to` name days, both included; else it is the running month."""

    period = forms.CharField(required=False, max_length=7)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"] = forms.DateField(required=False, widget=Day, label="From")
        self.fields["to"] = forms.DateField(required=False, widget=Day, label="To")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("from"), given.get("to")
        if given.get("period") and read_month(given["period"]) is None:
            self.add_error("period", "Write a month as 2026-11.")
        readable = first and last and first <= last and first.year > 1970 and last.year < MAXYEAR
        if not self.errors and (first or last) and not readable:
            self.add_error("to", "Name a first day and one that is not before it.")
        return given

    def asked(self, now: datetime) -> Asked | None:
        """The period, or None where it cannot be read."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        if month := read_month(given["period"]):
            return Asked.of_month(month, now)
        if given["from"]:
            return Asked.of_days(given["from"], given["to"], now)
        return Asked.this_month(now)


class WindowForm(ComplainingForm):
    """A window of one organisation. Times are typed by the clock of what is covered, where all of it has one zone, else
    by the house's."""

    title = forms.CharField(max_length=200, label="What is done", help_text="Upgrade to 1.12.6")
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), label="Why")
    agreed_by = forms.CharField(max_length=200, label="Agreed by", help_text="Who agreed at the client, by name")
    starts = forms.CharField(widget=Moment, label="Starts")
    ends = forms.CharField(widget=Moment, label="Ends")
    sites = forms.ModelMultipleChoiceField(
        Site.objects.none(),
        required=False,
        widget=several(4),
        label="Whole sites",
        help_text="Every system there, also later ones",
    )
    systems = forms.ModelMultipleChoiceField(
        System.objects.none(),
        required=False,
        widget=several(10),
        label="Systems",
        help_text="All that stands on them is covered too; hold Ctrl to choose several",
    )
    ends_on_recovery = forms.BooleanField(
        required=False,
        label="End it early, once all it covers has been down and is up again",
    )
    recovery_grace = forms.TypedChoiceField(
        choices=GRACES, coerce=int, initial=15, label="For how long it must have been up"
    )
    times = forms.IntegerField(
        min_value=1,
        max_value=MOST_WEEKS,
        initial=1,
        label="How many weeks",
        help_text="Once a week at the same time; each can be cancelled by itself",
    )

    def __init__(self, actor: Actor, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        systems = visible(actor, System).filter(site__organisation=organisation).select_related("site")
        self.fields["sites"].queryset = visible(actor, Site).filter(organisation=organisation)  # type: ignore[attr-defined]
        self.fields["systems"].queryset = systems  # type: ignore[attr-defined]
        self.fields["systems"].choices = list(_by_site(systems))  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("starts", "ends"):
            if name in given:
                given[name] = self._moment(name, given[name])
        return given

    def _moment(self, name: str, typed: str) -> datetime | None:
        try:
            return datetime.fromisoformat(typed).replace(tzinfo=self.zone())
        except ValueError:
            self.add_error(name, "Write a day and a time.")
            return None

    def zone(self) -> ZoneInfo:
        """By whose clock its times are typed, as far as systems and sites are chosen."""
        given = self.cleaned_data
        return zone_of(given.get("systems", ()), given.get("sites", ()))

    def wanted(self) -> Wanted:
        """What was typed; only of a valid form."""
        given = self.cleaned_data
        return Wanted(
            title=given["title"],
            reason=given["reason"],
            agreed_by=given["agreed_by"],
            starts=given["starts"],
            ends=given["ends"],
            systems=frozenset(given["systems"]),
            sites=frozenset(given["sites"]),
            ends_on_recovery=given["ends_on_recovery"],
            recovery_grace=timedelta(minutes=given["recovery_grace"]),
        )


class ChangeWindowForm(WindowForm):
    """A window that has not begun."""

    change_reason = forms.CharField(required=False, max_length=300, label="Why it changes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["times"]


class MoveForm(ComplainingForm):
    """A window that has begun: only its end moves."""

    ends = forms.CharField(widget=Moment, label="Ends")
    change_reason = forms.CharField(max_length=300, label="Why", help_text="Kept in the audit trail")

    def __init__(self, zone: ZoneInfo, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_ends(self) -> datetime:
        try:
            return datetime.fromisoformat(self.cleaned_data["ends"]).replace(tzinfo=self.zone)
        except ValueError as error:
            raise forms.ValidationError("Write a day and a time.") from error


class EndForm(forms.Form):
    """Why a window is ended or cancelled."""

    reason = forms.CharField(max_length=300, help_text="Kept in the audit trail.")
    rest = forms.BooleanField(required=False, label="And all later ones of its series")


def start_of(window: Window) -> dict[str, Any]:
    """A window's values as its form shows them."""
    zone = ZoneInfo(window.zone)
    return {
        "title": window.title,
        "reason": window.reason,
        "agreed_by": window.agreed_by,
        "starts": as_typed(window.starts, zone),
        "ends": as_typed(window.ends, zone),
        "sites": [site.pk for site in window.sites.all()],
        "systems": [system.pk for system in window.systems.all()],
        "ends_on_recovery": window.ends_on_recovery,
        "recovery_grace": window.recovery_grace // timedelta(minutes=1),
    }


def as_typed(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


class ObjectiveForm(ComplainingForm):
    """An objective of one organisation."""

    name = forms.CharField(max_length=200, label="Name", help_text="Imaging, as the agreement calls it")
    target = forms.DecimalField(max_digits=6, decimal_places=3, initial="99.9", label="Uptime a month, in percent")
    hours = forms.ChoiceField(choices=Terms.Hours.choices, label="Counts")
    counts = forms.ChoiceField(choices=Terms.Counts.choices, label="It is")
    systems = forms.ModelMultipleChoiceField(
        System.objects.none(), widget=several(10), label="Systems", help_text="Hold Ctrl to choose several"
    )

    def __init__(self, actor: Actor, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        systems = visible(actor, System).filter(site__organisation=organisation).select_related("site")
        self.fields["systems"].queryset = systems  # type: ignore[attr-defined]
        self.fields["systems"].choices = list(_by_site(systems))  # type: ignore[attr-defined]

    def promised(self) -> Promised:
        given = self.cleaned_data
        return Promised(given["target"], given["hours"], given["counts"], frozenset(given["systems"]))


def terms_of(terms: Terms) -> dict[str, Any]:
    """An objective's values as its form shows them."""
    return {
        "name": terms.objective.name,
        "target": f"{terms.target.normalize():f}",
        "hours": terms.hours,
        "counts": terms.counts,
        "systems": [system.pk for system in terms.systems.all()],
    }


class ReasonForm(forms.Form):
    """Why, for the trail."""

    reason = forms.CharField(max_length=300, help_text="Kept in the audit trail.")


def _by_site(systems: Iterable[System]) -> Iterable[tuple[str, list[tuple[int, str]]]]:
    """Choices in groups, in the order of sites and names."""
    ordered = sorted(systems, key=lambda system: (system.site.name, system.site_id, system.name))
    for site, group in groupby(ordered, key=lambda system: system.site):
        yield site.name, [(system.pk, system.name) for system in group]
