"""The form of a heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.core.widgets import Moment
from umlindi.estate.models import System
from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.rules.schedules import length_of, spelled
from umlindi.heartbeats.rules.terms import Terms, complaints
from umlindi.heartbeats.services import Given

SHOWN = 5


class LengthField(forms.CharField):
    """A length of time as people write it: 90 min, 1 d 12 h."""

    def prepare_value(self, value: Any) -> Any:
        return spelled(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return length_of(text)
        except ValueError as error:
            raise forms.ValidationError(f"Write {error}.") from error

    def clean(self, value: Any) -> Any:
        length = self.to_python(value)
        self.validate(length)
        return length


class HeartbeatForm(forms.Form):
    """What must report, when, and what follows where it does not. `system` offers the organisation's own."""

    name = forms.CharField(max_length=100, help_text="What reports: Nightly backup of the RIS database.")
    system = forms.ModelChoiceField(System.objects.none(), required=False, empty_label="None in particular")
    period = LengthField(
        required=False,
        max_length=30,
        label="How often",
        help_text="Such as 1 d or 90 min, counted from its last success.",
    )
    cron = forms.CharField(
        required=False,
        max_length=100,
        label="Or by cron text",
        help_text="Minute, hour, day of month, month, day of week: 0 2 * * * is every night at two.",
    )
    timezone = forms.CharField(max_length=60, label="Time zone", help_text="Of the machine that the cron text is on.")
    grace = LengthField(max_length=30, help_text="How late it may be, and how long a run that has started may take.")
    starts = forms.DateTimeField(
        required=False,
        widget=Moment(format="%Y-%m-%dT%H:%M"),
        label="Must report from",
        help_text="Otherwise from its first report on.",
    )
    condition = forms.ChoiceField(choices=Heartbeat.Worst.choices, label="When it is missing, it is")
    next_step = forms.CharField(
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What to do then",
        help_text="The first step for whoever is paged. No patient’s name or number.",
    )

    def __init__(self, organisation: Organisation, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        systems = System.objects.filter(site__organisation=organisation).select_related("site__organisation")
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]

    def clean_cron(self) -> str:
        return " ".join(self.cleaned_data["cron"].split())

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if terms := self._terms(values):
            for field, why in complaints(terms, timezone.now()).items():
                self.add_error(field, why)
        return values

    def _terms(self, values: Mapping[str, Any]) -> Terms | None:
        """The schedule, where each of its parts can be read."""
        if not {"period", "cron", "timezone", "grace"} <= values.keys():
            return None
        return Terms(values["period"], values["cron"], values["timezone"], values["grace"], values.get("starts"))

    def given(self) -> Given:
        """What a valid form says."""
        return Given(**self.cleaned_data)

    def upcoming(self, now: datetime) -> list[datetime]:
        """The next times by what is typed, in its own zone; empty where the schedule is not right yet."""
        values = self.cleaned_data if self.is_bound else self.initial
        terms = self._terms(values)
        if terms is None or complaints(terms, now):
            return []
        return [moment.astimezone(ZoneInfo(terms.zone)) for moment in terms.schedule.upcoming(now, SHOWN)]


def initial(heartbeat: Heartbeat) -> dict[str, Any]:
    """The form's values for a heartbeat as it is."""
    return {name: getattr(heartbeat, name) for name in HeartbeatForm.base_fields}
