"""Fields for days and moments, as the browser has them."""

from __future__ import annotations

from django import forms


class Day(forms.DateInput):
    input_type = "date"


class Moment(forms.DateTimeInput):
    """Of no zone: the form says whose clock it is."""

    input_type = "datetime-local"
