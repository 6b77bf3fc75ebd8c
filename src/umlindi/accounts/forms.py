"""Forms for people, their roles and tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.fields import PasswordField, SetPasswordField
from allauth.account.forms import ChangePasswordForm
from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst

from umlindi.accounts import services
from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import actor_of, organisations_where
from umlindi.accounts.rules import IN_PERSON, LONGEST_TOKEN, RIGHT_WORDS, SIGNS_NOTHING, Role, may_grant
from umlindi.core.actors import EVERYWHERE, Actor

LIFETIMES = {30: "30 days", 90: "90 days", 180: "half a year", LONGEST_TOKEN.days: "a year"}


class OwnNameForm(forms.Form):
    """The name that one's signatures carry."""

    first_name = forms.CharField(max_length=150)
    last_name = forms.CharField(max_length=150)


class NameForm(OwnNameForm):
    email = forms.EmailField(label="E-mail", max_length=254, required=False)


class OwnPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """A new password is a new one: a one-time password may not be kept. Who starts without a name gives it here."""

    oldpassword = PasswordField(label="The password you have now", autocomplete="current-password")
    password1 = SetPasswordField(
        label="New password", help_text="Twelve characters or more. Not your name, and not a password that many use."
    )
    password2 = PasswordField(label="New password, once more", autocomplete="new-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.user
        self.asks_name = user.must_change_password and not (user.first_name and user.last_name)
        if user.must_change_password:
            self.fields["oldpassword"].label = "The one-time password"
        if self.asks_name:
            self.fields.update(OwnNameForm().fields)
            self.order_fields(list(OwnNameForm.base_fields))
            self.initial |= {"first_name": user.first_name, "last_name": user.last_name}

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        if self.user.check_password(password):
            raise forms.ValidationError("This is the password you have now.")
        return password

    def save(self) -> None:
        with transaction.atomic():
            if self.asks_name:
                names = {name: self.cleaned_data[name] for name in OwnNameForm.base_fields}
                services.change_own_name(actor_of(self.user), self.user, **names)
            super().save()


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
        place.queryset = organisations_where(actor, "people.edit")
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
    rights = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        help_text=SIGNS_NOTHING,
        error_messages={"invalid_choice": f"A token holds none that you do not hold. {SIGNS_NOTHING}"},
    )
    days = forms.TypedChoiceField(label="Expires in", coerce=int, choices=list(LIFETIMES.items()), initial=90)

    def __init__(self, held: frozenset[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rights: forms.MultipleChoiceField = self.fields["rights"]  # type: ignore[assignment]
        rights.choices = [(right, capfirst(said)) for right, said in RIGHT_WORDS.items() if right in held - IN_PERSON]

    def expires_at(self, now: datetime | None = None) -> datetime:
        return (now or timezone.now()) + timedelta(days=self.cleaned_data["days"])
