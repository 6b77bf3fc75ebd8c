"""Forms for people, their roles and tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.forms import ChangePasswordForm
from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.accounts.rules import LONGEST_TOKEN, Role, may_grant
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.scope import visible

LIFETIMES = {30: "30 days", 90: "90 days", 180: "half a year", LONGEST_TOKEN.days: "a year"}


class OwnPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """A new password is a new one: a one-time password may not be kept."""

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        if self.user.check_password(password):
            raise forms.ValidationError("This is the password you have now.")
        return password


class NameForm(forms.Form):
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    email = forms.EmailField(label="E-mail", max_length=254, required=False)


class ReasonForm(forms.Form):
    """Why, in a few words, for the trail."""

    reason = forms.CharField(max_length=300, help_text="Kept in the audit trail.")


class RoleForm(forms.Form):
    """A role and where it holds, as far as this actor may give it."""

    role = forms.ChoiceField(choices=[(role.value, role.value.capitalize()) for role in Role])
    organisation = forms.ModelChoiceField(queryset=Organisation.objects.none(), required=False)
    reason = forms.CharField(max_length=300, required=False, help_text="Kept in the audit trail.")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        place: forms.ModelChoiceField[Organisation] = self.fields["organisation"]  # type: ignore[assignment]
        place.queryset = _administered(actor)
        place.empty_label = "Every organisation"
        place.required = not actor.may("people.edit", EVERYWHERE)
        if place.required:
            place.empty_label = "Choose one"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        where = cleaned["organisation"].pk if cleaned["organisation"] else EVERYWHERE
        if not may_grant(self.actor, Role(cleaned["role"]), where):
            raise forms.ValidationError("You can give only roles whose rights you hold there yourself.")
        return cleaned


class PersonForm(RoleForm, NameForm):
    """A new person with a first role."""

    username = forms.CharField(
        label="Sign-in name", max_length=150, validators=[UnicodeUsernameValidator()], help_text="It cannot be changed."
    )
    field_order = ("username", "first_name", "last_name", "email", "role", "organisation", "reason")


class TokenForm(forms.Form):
    """A token for oneself, for some of one's rights."""

    name = forms.CharField(max_length=100, help_text="What will use it, such as “nightly estate export”.")
    rights = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(label="Expires in", coerce=int, choices=list(LIFETIMES.items()), initial=90)

    def __init__(self, held: frozenset[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rights: forms.MultipleChoiceField = self.fields["rights"]  # type: ignore[assignment]
        rights.choices = [(right, right) for right in sorted(held)]

    def expires_at(self, now: datetime | None = None) -> datetime:
        return (now or timezone.now()) + timedelta(days=self.cleaned_data["days"])


def _administered(actor: Actor) -> Any:
    organisations = actor.organisations("people.edit")
    found = visible(actor, Organisation)
    return found if organisations is None else found.filter(pk__in=organisations)
