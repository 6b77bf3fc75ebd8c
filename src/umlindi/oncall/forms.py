"""Forms of on call. They read what was typed; the verbs judge it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from umlindi.accounts.models import Organisation, User
from umlindi.core.widgets import Day, Moment
from umlindi.oncall.models import Channel, PersonalRule, Profile, Rota
from umlindi.oncall.models.channels import LONGEST_WAIT
from umlindi.oncall.models.rotas import LONGEST_TURN
from umlindi.oncall.rules.rotation import OnHolidays, Unit
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.services import LayerGiven

MOST_LAYERS = 6
SPARE_PLACES = 1
ROOM_AT_LEAST = 3
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ON_HOLIDAYS = {
    OnHolidays.SAME: "These hours all the same",
    OnHolidays.WHOLE: "The whole day",
    OnHolidays.NONE: "Not at all",
}
HOURS_HELP = "Empty is always. Nights and week-ends: Mon-Fri 00:00-07:00, 17:00-24:00; Sat-Sun 00:00-24:00."


FIRST_YEAR, LAST_YEAR = 2000, 2099


def in_our_time(day: date) -> None:
    """At the ends of the calendar no turn can be reckoned."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise forms.ValidationError(f"Between the years {FIRST_YEAR} and {LAST_YEAR}.")


class Clock(forms.TimeInput):
    input_type = "time"


class RotaForm(forms.Form):
    """Name, place and zone. The organisation is asked for a new rota only."""

    name = forms.CharField(max_length=100, help_text="Such as “Mthatha, after hours”.")
    organisation = forms.ModelChoiceField(Organisation.objects.none(), required=False, empty_label="The provider")
    timezone = forms.CharField(label="Time zone", max_length=60, initial="Africa/Johannesburg")
    hours = forms.CharField(
        label="Somebody must be on call",
        max_length=200,
        required=False,
        help_text=f"Nobody there is a hole. {HOURS_HELP}",
    )
    on_holidays = forms.ChoiceField(
        label="On public holidays", choices=list(ON_HOLIDAYS.items()), help_text="Where it has hours."
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, organisations: Any, everywhere: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if organisations is None:
            del self.fields["organisation"]
        else:
            _offer(self, organisations, everywhere)


class LayerForm(forms.Form):
    """One layer: who, in which order, how long, from when."""

    name = forms.CharField(label="Layer", max_length=100, required=False, help_text="Such as “First line”.")
    every = forms.IntegerField(label="A turn lasts", min_value=1, max_value=LONGEST_TURN, initial=1)
    unit = forms.ChoiceField(label="Days or weeks", choices=[(Unit.WEEKS, "weeks"), (Unit.DAYS, "days")])
    weekday = forms.TypedChoiceField(
        label="Hand over on", coerce=int, choices=list(enumerate(WEEKDAYS)), help_text="Where turns are weeks."
    )
    handover = forms.TimeField(label="Hand over at", widget=Clock(format="%H:%M"), initial=time(8))
    starts = forms.DateField(label="From", widget=Day(format="%Y-%m-%d"), validators=[in_our_time])
    hours = forms.CharField(label="Only in these hours", max_length=200, required=False, help_text=HOURS_HELP)
    on_holidays = forms.ChoiceField(
        label="On public holidays", choices=list(ON_HOLIDAYS.items()), help_text="Where it has hours."
    )
    place = forms.IntegerField(label="Rank", min_value=1, max_value=99, help_text="1 wins over 2, and so on.")
    remove = forms.BooleanField(label="Remove this layer", required=False)

    def __init__(self, people: Iterable[tuple[int, str]], *args: Any, places: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "–"), *people]
        for number in range(places):
            self.fields[f"person-{number}"] = forms.TypedChoiceField(
                label=f"Turn {number + 1}", coerce=int, empty_value=None, choices=choices, required=number == 0
            )

    @property
    def removed(self) -> bool:
        """Whether the layer is to go, so that nothing of it need be right."""
        return bool(self.data.get(self.add_prefix("remove")))

    def turns(self) -> list[forms.BoundField]:
        return [bound for bound in self if bound.name.startswith("person-")]

    def given(self) -> LayerGiven:
        """What was typed. Only after `is_valid`."""
        typed: dict[str, Any] = self.cleaned_data
        people = tuple(typed[bound.name] for bound in self.turns() if typed[bound.name] is not None)
        names = ("name", "every", "unit", "weekday", "handover", "starts", "hours", "on_holidays")
        return LayerGiven(people=people, **{name: typed[name] for name in names})


def layer_forms(people: list[tuple[int, str]], data: Mapping[str, Any]) -> list[LayerForm]:
    """The layers as they were sent, with one more place than was filled."""
    count = min(_number(data.get("layers", "0")), MOST_LAYERS)
    return [
        LayerForm(people, data, prefix=f"layer-{number}", places=_places(data, f"layer-{number}-person-"))
        for number in range(count)
    ]


def _places(data: Mapping[str, Any], prefix: str) -> int:
    filled = [_number(name.removeprefix(prefix)) for name in data if name.startswith(prefix) and data[name]]
    return max(ROOM_AT_LEAST, min(max(filled, default=-1) + 1 + SPARE_PLACES, LONGEST_TURN))


def _number(text: str) -> int:
    """A small number as our own form sends it; 0 for anything else."""
    return int(text) if len(text) <= 3 and text.isascii() and text.isdecimal() else 0


def stored_layers(rota: Rota) -> dict[str, Any]:
    """A rota's layers as its form would send them."""
    sent: dict[str, Any] = {}
    layers = list(rota.layers.prefetch_related("turns"))
    for number, layer in enumerate(layers):
        prefix = f"layer-{number}-"
        for name in ("name", "every", "unit", "weekday", "hours", "on_holidays"):
            sent[prefix + name] = str(getattr(layer, name))
        sent[prefix + "handover"] = f"{layer.handover:%H:%M}"
        sent[prefix + "starts"] = f"{layer.starts:%Y-%m-%d}"
        sent[prefix + "place"] = str(number + 1)
        sent |= {f"{prefix}person-{place}": str(turn.user_id) for place, turn in enumerate(layer.turns.all())}
    return sent | {"layers": str(len(layers))}


def new_layer(number: int, today: str) -> dict[str, Any]:
    """An empty layer, to be sent below the others."""
    usual = {"every": "1", "unit": Unit.WEEKS.value, "weekday": "0", "handover": "08:00", "starts": today,
             "on_holidays": OnHolidays.SAME.value, "place": str(number + 1)}  # fmt: skip
    return {f"layer-{number}-{name}": value for name, value in usual.items()}


class OverrideForm(forms.Form):
    """Somebody in another's place, in the rota's own time."""

    person = forms.TypedChoiceField(coerce=int)
    starts = forms.DateTimeField(label="From", widget=Moment(format="%Y-%m-%dT%H:%M"))
    ends = forms.DateTimeField(label="Until", widget=Moment(format="%Y-%m-%dT%H:%M"))
    reason = forms.CharField(max_length=300, help_text="Kept in the audit trail.")

    def __init__(self, people: Iterable[tuple[int, str]], zone: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        self.fields["person"].choices = list(people)  # type: ignore[attr-defined]
        self.fields["starts"].help_text = f"In the rota’s time, {zone}."

    def clean_starts(self) -> datetime:
        return self._there("starts")

    def clean_ends(self) -> datetime:
        return self._there("ends")

    def _there(self, name: str) -> datetime:
        """As typed, but in the rota's zone and not the house's."""
        typed: datetime = self.cleaned_data[name]
        return timezone.make_naive(typed).replace(tzinfo=self.zone)


class SwapForm(forms.Form):
    """With whom, and for which shift of theirs in return. A choice is `person` or `person/start/end`."""

    other = forms.ChoiceField(label="With", widget=forms.RadioSelect)
    reason = forms.CharField(max_length=300, required=False, help_text="What they read with it.")

    def __init__(self, choices: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"].choices = choices  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note for whoever comes next",
        widget=forms.Textarea({"rows": 3}),
        max_length=4000,
        help_text="What is going on, what to look at. No patient’s name or number.",
    )


class HolidayForm(forms.Form):
    day = forms.DateField(widget=Day(format="%Y-%m-%d"))
    name = forms.CharField(max_length=100)
    organisation = forms.ModelChoiceField(Organisation.objects.none(), required=False, empty_label="Everybody")

    def __init__(self, organisations: Any, everywhere: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, organisations, everywhere)


def _offer(form: forms.Form, organisations: Any, everywhere: bool) -> None:
    """These organisations; none only for who holds the right everywhere."""
    place: forms.ModelChoiceField[Organisation] = form.fields["organisation"]  # type: ignore[assignment]
    place.queryset = organisations
    place.required = not everywhere
    if not everywhere:
        place.empty_label = None


class ChannelForm(forms.Form):
    """A mailbox, or an apprise URL, which is a secret and is not shown again."""

    name = forms.CharField(max_length=100, help_text="Such as “My phone”.")
    address = forms.EmailField(label="E-mail address", required=False, max_length=254)
    url = forms.CharField(
        label="Or the address of an SMS gateway, chat or webhook",
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="As apprise has it: bulksms://user:password@+27…, ntfys://topic, workflows://…, jsons://host/path. "
        "It is kept encrypted and not shown again.",
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if bool(given.get("address")) == bool(given.get("url")) and not self.errors:
            raise forms.ValidationError("Give one of them: an e-mail address, or an address of another kind.")
        return given


class ProfileForm(forms.Form):
    phone = forms.CharField(
        label="Telephone", max_length=40, required=False, help_text="Seen by those who may see who is on call."
    )
    quiet = forms.CharField(
        label="Quiet hours",
        max_length=200,
        required=False,
        help_text="Medium and low pages wait until they end; critical and high never wait. "
        "Such as Mon-Fri 22:00-06:00; Sat-Sun 22:00-08:00.",
    )
    timezone = forms.CharField(label="Time zone", max_length=60)

    @classmethod
    def of(cls, profile: Profile) -> ProfileForm:
        return cls(initial={"phone": profile.phone, "quiet": profile.quiet, "timezone": profile.timezone})


class RulesForm(forms.Form):
    """One number for each severity and channel: minutes after the page was due, empty for not at all."""

    def __init__(self, user: User, channels: list[Channel], data: Any = None) -> None:
        stored = PersonalRule.objects.filter(user=user)
        super().__init__(data, initial={f"{rule.severity}-{rule.channel_id}": rule.minutes for rule in stored})
        self.channels = channels
        for severity in Severity:
            for channel in channels:
                self.fields[f"{severity}-{channel.pk}"] = forms.IntegerField(
                    label=f"{severity.capitalize()}: {channel.name}, after minutes",
                    min_value=0,
                    max_value=LONGEST_WAIT,
                    required=False,
                )

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """A row for each severity with a field for each channel."""
        return [
            (severity.capitalize(), [self[f"{severity}-{channel.pk}"] for channel in self.channels])
            for severity in Severity
        ]

    def rules(self) -> dict[Severity, dict[int, int]]:
        return {
            severity: {
                channel.pk: minutes
                for channel in self.channels
                if (minutes := self.cleaned_data[f"{severity}-{channel.pk}"]) is not None
            }
            for severity in Severity
        }
