from django import forms


class SignForm(forms.Form):
    """What a person adds when they sign a morning check."""

    remarks = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What you saw, what you did, whom you told. No patient's name or number.",
    )
