"""What a person says when they answer an alert, and how they say who is told when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from umlindi.alerts.models import Policy, PolicyStep, PolicyTarget
from umlindi.alerts.models.alerts import SEVERITIES
from umlindi.alerts.rules.answering import USUAL
from umlindi.alerts.services.policies import GivenPolicy, GivenStep
from umlindi.oncall.rules.severity import Severity

MORNING = "morning"
DAY_BEGINS = time(7, 30)
DEADLINES = (
    ("30", "30 min"),
    ("60", "1 h"),
    ("240", "4 h"),
    (MORNING, "until 07:30"),
    ("1440", "a day"),
    ("10080", "a week"),
)
"""Minutes, or the next morning."""


def usual_choice(severity: str) -> str:
    """The choice that comes chosen."""
    return str(int(USUAL[Severity(severity)] / timedelta(minutes=1)))


def deadline(choice: str, now: datetime) -> datetime:
    """The moment a choice means, by the house's clock."""
    if choice != MORNING:
        return now + timedelta(minutes=int(choice))
    local = timezone.localtime(now)
    day = local.date() + timedelta(days=local.time() >= DAY_BEGINS)
    return timezone.make_aware(datetime.combine(day, DAY_BEGINS))


class AnswerForm(forms.Form):
    """`verb` is the button that was pressed. Closing needs no deadline: recovery is one."""

    verb = forms.ChoiceField(choices=[(each, each) for each in ("acknowledge", "snooze", "close")])
    reason = forms.CharField(max_length=500)
    until = forms.ChoiceField(choices=DEADLINES)


class CommentForm(forms.Form):
    text = forms.CharField(
        max_length=2000,
        label="Say something",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stays in the timeline. No patient's name or number.",
    )


MOST_STEPS, TARGETS = 8, 3
_NOT_SAVED = (
    "Each step needs its own minute and somebody to tell; and one policy of an organisation is for one severity."
)


class PolicyForm(forms.Form):
    """A policy with its steps in order. A step without anybody to tell is left out.

    `people` are the choices of whom to tell, as Django's grouped choices, valued "rota:3".
    """

    name = forms.CharField(max_length=100, help_text="Such as “Night and day”.")
    severity = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Every severity without one of its own"),
            *SEVERITIES,
        ],
        label="For alerts of",
    )
    repeats = forms.IntegerField(
        min_value=0, max_value=20, initial=2, label="Times it begins again while nobody answers"
    )
    repeat_after = forms.IntegerField(
        min_value=1, max_value=1440, initial=15, label="Minutes from one beginning to the next"
    )

    def __init__(self, people: Sequence[tuple[str, Any]], policy: Policy | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = list(policy.steps.all()) if policy else []
        if policy is not None:
            self.initial = {name: getattr(policy, name) for name in ("name", "severity", "repeats", "repeat_after")}
        self.rows = min(len(steps) + 2, MOST_STEPS)
        for number in range(self.rows):
            step = steps[number] if number < len(steps) else None
            self._add_step(number, people, step)

    def _add_step(self, number: int, people: Sequence[tuple[str, Any]], step: PolicyStep | None) -> None:
        told = [target_value(target) for target in step.targets.all()] if step else []
        self.fields[f"after-{number}"] = forms.IntegerField(
            required=False,
            min_value=0,
            max_value=1440,
            initial=step.after if step else None,
            label="Minutes after the alert",
        )
        for place in range(TARGETS):
            self.fields[f"tell-{number}-{place}"] = forms.ChoiceField(
                required=False,
                choices=[("", "–" if place else "Nobody"), *people],
                initial=told[place] if place < len(told) else "",
                label="Tell" if not place else "and",
            )

    def words(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "severity", "repeats", "repeat_after")]

    def steps(self) -> list[tuple[int, forms.BoundField, list[forms.BoundField]]]:
        return [
            (number + 1, self[f"after-{number}"], [self[f"tell-{number}-{place}"] for place in range(TARGETS)])
            for number in range(self.rows)
        ]

    def given(self) -> GivenPolicy:
        """What was asked for, its steps by their minutes."""
        said = self.cleaned_data
        steps = [GivenStep(said[f"after-{number}"] or 0, self._told(number)) for number in range(self.rows)]
        return GivenPolicy(
            name=said["name"],
            severity=said["severity"],
            repeats=said["repeats"],
            repeat_after=said["repeat_after"],
            steps=sorted((step for step in steps if step.targets), key=lambda step: step.after),
        )

    def _told(self, number: int) -> list[tuple[str, int]]:
        chosen = (self.cleaned_data[f"tell-{number}-{place}"] for place in range(TARGETS))
        pairs = (value.split(":") for value in dict.fromkeys(chosen) if value)
        return [(kind, int(pk)) for kind, pk in pairs]

    def refuse(self) -> None:
        """The verb said no."""
        self.add_error(None, _NOT_SAVED)


def target_value(target: PolicyTarget) -> str:
    """As the choices name it: "rota:3"."""
    kind = "rota" if target.rota_id else "user" if target.user_id else "channel"
    return f"{kind}:{target.rota_id or target.user_id or target.channel_id}"
