"""Forms made from the same table of fields that judges files and the API (`rules.RECORDS`, `rules.KINDS`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from umlindi.estate import csvfile
from umlindi.estate.models import Site, System
from umlindi.estate.rules import KINDS, RECORDS, Complaint, Field
from umlindi.estate.rules.interfaces import ADDRESS, Setting
from umlindi.estate.rules.readers import flag
from umlindi.estate.rules.records import INTERFACE_KINDS, ORGANISATION_KINDS, SYSTEM_KINDS

SETTING = "setting-"
_LABELS = {
    "slug": "Short name in addresses",
    "called": "Called AE title",
    "calling": "Calling AE title",
    "url": "URL",
    "timezone": "Time zone",
    "email": "E-mail",
    "serves": "Serves",
    "support_until": "Support until",
    "licence_until": "Licence until",
    "expect": "What it must do",
    "expect_ack": "Acknowledgements that count",
    "expect_status": "HTTP status",
    "modalities": "Modalities in its worklist",
    "move_ae": "Our AE title for C-MOVE",
    "move_host": "Our address for C-MOVE",
    "move_port": "Our port for C-MOVE",
    "wado": "DICOMweb root",
    "orthanc": "Orthanc REST root",
    "tls": "TLS",
    "verify": "Check its certificate",
    "server_name": "Name in its certificate",
    "ca_file": "Roots to trust",
    "certificate": "Our certificate",
    "key": "Our private key",
    "warn_days": "Warn before its last day",
    "message": "Test message",
    "settings_file": "Its configuration",
    "study": "Study to read",
    "ups": "Power supply",
    "full_interval": "Interval of the full ladder",
    "canary_interval": "Interval of the canary",
    "fail_after": "Failed after",
    "recover_after": "Mended after",
    "enabled": "Probe it",
}
_CHOICES = {"organisation": ORGANISATION_KINDS, "system": SYSTEM_KINDS}
_DATES = frozenset({"support_until", "licence_until"})
_LONG = frozenset({"notes", "message"})


class RecordForm(forms.Form):
    """One row of a kind. Judges nothing itself: `given` goes to the verbs, and their complaints come back.

    For an interface, `interface_kind` chooses the fields. Empty settings are as if they were not there.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, kind: str, *args: Any, interface_kind: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.interface_kind = interface_kind
        for field in RECORDS[kind].fields:
            if self._has(field.name):
                self.fields[field.name] = _field(kind, field)
        for name in KINDS[interface_kind].required if interface_kind else ():
            self.fields[name].required = True
        for key, setting in KINDS[interface_kind].settings.items() if interface_kind else ():
            self.fields[SETTING + key] = _setting(key, setting)

    def _has(self, name: str) -> bool:
        if not self.interface_kind:
            return True
        needed = KINDS[self.interface_kind].required
        if name in needed:
            return True
        return name in KINDS[self.interface_kind].used or name not in (*ADDRESS, "kind", "settings")

    def given(self) -> dict[str, Any]:
        """What was typed, by the names of the record."""
        typed = {name: self.data.get(name, "") for name in self.fields if not name.startswith(SETTING)}
        typed.pop("seen")
        if "enabled" in typed:
            typed["enabled"] = "enabled" in self.data
        if self.interface_kind:
            settings = {name: self._typed(name) for name in self.fields if name.startswith(SETTING)}
            typed["settings"] = {name.removeprefix(SETTING): value for name, value in settings.items() if value.strip()}
            typed["kind"] = self.interface_kind
        return typed

    def _typed(self, name: str) -> str:
        """Ticks come as several values of one name."""
        return ", ".join(self.data.getlist(name)) if isinstance(self.data, QueryDict) else self.data.get(name, "")

    def plain(self) -> list[forms.BoundField]:
        """The fields that most need, in the order in which they are read."""
        return [bound for bound in self if not self._is_more(bound.name)]

    def more(self) -> list[forms.BoundField]:
        """Settings that few interfaces need."""
        return [bound for bound in self if self._is_more(bound.name)]

    def more_matters(self) -> bool:
        """Whether one of `more` is set or wrong, so that it must not be folded away."""
        return any(bound.errors or bound.value() not in (None, "", []) for bound in self.more())

    def _is_more(self, name: str) -> bool:
        if not name.startswith(SETTING):
            return False
        return name.removeprefix(SETTING) not in KINDS[self.interface_kind].first

    def complain(self, complaints: list[Complaint]) -> None:
        """Put each complaint beside its field, unless the field has one already."""
        self.full_clean()
        for complaint in complaints:
            name = str(complaint.place[0])
            if name == "settings" and len(complaint.place) > 1:
                name = SETTING + str(complaint.place[1])
            if name not in self.fields:
                self.add_error(None, f"{name}: {complaint.why}")
            elif name not in self.errors:
                self.add_error(name, complaint.why[:1].upper() + complaint.why[1:])

    def warn_of_change(self, said: str, fresh: Mapping[str, Any], fingerprint: str) -> None:
        """Say what the row holds now; what was typed stays, and saving again overwrites."""
        self.full_clean()
        self.add_error(None, said)
        for name, value in fresh.items():
            if name in self.fields and str(value) != self.data.get(name, "") and name != "enabled":
                self.add_error(name, f"Now: {value if value not in (None, '') else 'empty'}")
        typed = QueryDict(mutable=True)
        typed.update(self.data)
        typed["seen"] = fingerprint
        self.data = typed


def initial(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values as a form shows them."""
    settings = values.get("settings", {})
    ticked = {key for key in settings if KINDS[values["kind"]].settings[key].words}
    shown = {key: value if key in ticked else as_text(value) for key, value in settings.items()}
    return {**values, **{SETTING + key: value for key, value in shown.items()}}


def as_text(value: Any) -> str:
    """A setting's value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def _field(kind: str, field: Field) -> forms.Field:
    known: dict[str, Any] = {"label": _label(field.name), "required": field.required, "help_text": field.help}
    if field.name == "enabled":
        return forms.BooleanField(**(known | {"required": False}))
    if field.name == "kind" and kind in _CHOICES:
        return forms.ChoiceField(choices=[("", "Choose"), *_CHOICES[kind].items()], **known)
    if field.name in _LONG:
        return forms.CharField(widget=forms.Textarea, **known)
    if field.name in _DATES:
        return forms.CharField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **known)
    return forms.CharField(**known)


def _setting(key: str, setting: Setting) -> forms.Field:
    usual = f"{setting.help}. Default: {setting.usual}" if setting.usual else setting.help
    known: dict[str, Any] = {"label": _label(key), "required": False, "help_text": usual}
    if setting.words:
        choices = [(word, word) for word in setting.words]
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **known)
    if setting.read is flag:
        known["help_text"] = setting.help
        return forms.ChoiceField(choices=[("", f"Default: {setting.usual}"), ("true", "Yes"), ("false", "No")], **known)
    return forms.CharField(widget=forms.Textarea if key in _LONG else forms.TextInput, **known)


def _label(name: str) -> str:
    return _LABELS.get(name, name.replace("_", " ").capitalize())


class ReasonForm(forms.Form):
    """Why, for the trail."""

    reason = forms.CharField(max_length=300, help_text="Kept in the audit trail.")


class NeedForm(forms.Form):
    """Which system another stands on."""

    needs: forms.ModelChoiceField[System] = forms.ModelChoiceField(
        System.objects.none(), label="It also stands on", empty_label="Choose a system"
    )

    def __init__(self, systems: QuerySet[System], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["needs"].queryset = systems  # type: ignore[attr-defined]


if TYPE_CHECKING:
    _Sites = forms.ModelChoiceField[Site]
else:
    _Sites = forms.ModelChoiceField


class _SiteField(_Sites):
    def label_from_instance(self, obj: Site) -> str:
        return f"{obj.organisation} · {obj}"


class BringForm(forms.Form):
    """An estate file, or a site's AE-title list."""

    file = forms.FileField(label="File", help_text="An estate file (YAML), or an AE-title list saved as CSV")
    site = _SiteField(
        Site.objects.none(),
        required=False,
        label="Site of the list",
        empty_label="None: it is an estate file",
        help_text="Where the systems of an AE-title list (CSV) stand. An estate file names its sites itself",
    )

    def __init__(self, sites: QuerySet[Site], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A list says nothing of where it belongs."""
        given: dict[str, Any] = super().clean() or {}
        if (file := given.get("file")) and csvfile.is_list_name(file.name) and not given.get("site"):
            self.add_error("site", "This is an AE-title list: choose its site.")
        return given


def interface_kinds() -> list[tuple[str, str, str]]:
    """What can be added: word, label, and what its probe asks."""
    return [(word, label, KINDS[word].about) for word, label in INTERFACE_KINDS.items()]
