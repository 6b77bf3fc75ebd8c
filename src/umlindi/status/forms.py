"""Forms for status pages, their notices and secret links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import organisations_where
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.estate.models import System
from umlindi.status.models import StatusPage, Update
from umlindi.status.services import Shown

EDIT = "watch.edit"
SHOW, AS = "show-", "as-"


WORDS = ("title", "slug", "introduction", "public")


class PageForm(forms.Form):
    """A page's words, and for each system of its organisation whether it is shown and what it is called there."""

    title = forms.CharField(max_length=200, help_text="Such as “Imaging at Thusong Provincial Hospital”.")
    slug = forms.SlugField(max_length=60, label="Name in its address")
    introduction = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whom to ring, and when. Everybody who has the page reads it.",
    )
    public = forms.BooleanField(
        required=False,
        label="Anybody who knows the address may read it",
        help_text="Otherwise it opens by a secret link alone.",
    )

    def __init__(self, *args: Any, systems: Sequence[System], page: StatusPage | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.systems = systems
        self.page = page
        if page is not None:
            self.initial = {name: getattr(page, name) for name in WORDS}
        shown = {one.system_id: one.name for one in page.components.all()} if page else {}
        for system in systems:
            self.fields[f"{SHOW}{system.pk}"] = forms.BooleanField(
                required=False, initial=system.pk in shown, label=f"Show {system}, {system.site}"
            )
            self.fields[f"{AS}{system.pk}"] = forms.CharField(
                required=False, max_length=200, initial=shown.get(system.pk, ""), label=f"{system} is called"
            )
            self.fields[f"{AS}{system.pk}"].widget.attrs["placeholder"] = "What its users call it"

    def words(self) -> list[forms.BoundField]:
        return [self[name] for name in WORDS]

    def rows(self) -> list[tuple[System, forms.BoundField, forms.BoundField]]:
        return [(system, self[f"{SHOW}{system.pk}"], self[f"{AS}{system.pk}"]) for system in self.systems]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        others = StatusPage.objects.exclude(pk=self.page.pk) if self.page else StatusPage.objects.all()
        if others.filter(slug=slug).exists():
            raise ValidationError("Another page has this address.")
        return slug

    def clean(self) -> dict[str, Any]:
        """A shown system needs a name of its own: its real one may tell too much."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for system in self.systems:
            if cleaned.get(f"{SHOW}{system.pk}") and not cleaned.get(f"{AS}{system.pk}"):
                self.add_error(f"{AS}{system.pk}", ValidationError("What do its users call it?"))
        return cleaned

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in WORDS}

    def shown(self) -> Shown:
        cleaned = self.cleaned_data
        return [(one.pk, cleaned[f"{AS}{one.pk}"]) for one in self.systems if cleaned[f"{SHOW}{one.pk}"]]


class UpdateForm(forms.Form):
    """What staff say. It is read by the client's people: no names of patients, no addresses of systems."""

    stage = forms.ChoiceField(choices=Update.Stage.choices, label="How far it is")
    text = forms.CharField(
        max_length=2000,
        label="What to tell them",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In plain words: what does not work, what to do meanwhile, when you will say more.",
    )


class NoticeForm(UpdateForm):
    title = forms.CharField(max_length=200, help_text="Such as “Pictures open slowly in the wards”.")
    field_order = ("title", "stage", "text")


class LinkForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="For whom", help_text="Such as “Ward managers” or “Screen in the reading room”."
    )


class WallLinkForm(LinkForm):
    """`organisation` empty is all of them, offered to those who may everywhere."""

    organisation = forms.ModelChoiceField(queryset=Organisation.objects.none(), label="Shows")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organisation"]
        field.queryset = organisations_where(actor, EDIT)  # type: ignore[attr-defined]
        field.required = not actor.may(EDIT, EVERYWHERE)
        field.empty_label = None if field.required else "All organisations"  # type: ignore[attr-defined]
