"""The filters of the trail."""

from __future__ import annotations

from django import forms

from umlindi.core.queries import Filters
from umlindi.core.widgets import Day


class FilterForm(forms.Form):
    """Every field may stay empty. `organisation` is a number, which the page offers by name."""

    text = forms.CharField(required=False, max_length=100, label="Reason or name")
    actor = forms.CharField(required=False, max_length=100, label="Who")
    verb = forms.CharField(required=False, max_length=80, label="What", help_text="such as role or sign-in.failed")
    object = forms.CharField(required=False, max_length=100, label="To what")
    organisation = forms.IntegerField(required=False, min_value=1)
    first = forms.DateField(required=False, widget=Day, label="From")
    last = forms.DateField(required=False, widget=Day, label="Until")

    def filters(self) -> Filters:
        """What was asked. A field that is not right filters nothing; the form says so."""
        self.full_clean()
        return Filters(**{name: value for name, value in self.cleaned_data.items() if value})
