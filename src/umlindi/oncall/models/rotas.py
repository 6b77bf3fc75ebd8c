"""Rotas: layers of people in turn, overrides, swaps, and the notes that go from one to the next."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse

from umlindi.accounts.models import Organisation, User
from umlindi.estate.rules.hours import DAYS
from umlindi.oncall.rules.rotation import OnHolidays, Unit

LONGEST_TURN = 53
ON_HOLIDAYS = [(one.value, one.value.capitalize()) for one in OnHolidays]


class Rota(models.Model):
    """Who is on call for an organisation, or for the provider where none is named.

    `hours` are those in which somebody must be, such as "Mon-Fri 00:00-07:00, 17:00-24:00"; empty is always.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, blank=True, related_name="rotas"
    )
    name = models.CharField(max_length=100)
    timezone = models.CharField(max_length=60, default="Africa/Johannesburg")
    hours = models.CharField(max_length=200, blank=True)
    on_holidays = models.CharField(max_length=5, choices=ON_HOLIDAYS, default=OnHolidays.SAME)

    class Meta:
        ordering: ClassVar = [F("organisation__name").asc(nulls_first=True), "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="rota_name_is_unique_in_organisation", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("oncall:rota", args=[self.pk])


class Layer(models.Model):
    """One rotation of a rota. The lowest `position` is the uppermost layer, which wins.

    `starts` and `handover` are of the rota's zone. `weekday` counts where the unit is weeks, 0 being Monday. `hours`
    is text such as "Mon-Fri 17:00-07:00"; empty is always.
    """

    scope_path: ClassVar[str] = "rota__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=100, blank=True)
    starts = models.DateField()
    handover = models.TimeField(default=time(8))
    every = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TURN)]
    )
    unit = models.CharField(
        max_length=5, choices=[(one.value, one.value.capitalize()) for one in Unit], default="weeks"
    )
    weekday = models.PositiveSmallIntegerField(choices=list(enumerate(DAYS)), default=0)
    hours = models.CharField(max_length=200, blank=True)
    on_holidays = models.CharField(max_length=5, choices=ON_HOLIDAYS, default=OnHolidays.SAME)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(every__range=(1, LONGEST_TURN)), name="layer_turns_last"),
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="layer_weekday_is_one"),
        ]

    def __str__(self) -> str:
        return self.name or f"Layer {self.position + 1}"


class Turn(models.Model):
    """A person's place in a layer's order. The same person may have several."""

    scope_path: ClassVar[str] = "layer__rota__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="turns")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="turns")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["layer", "position"], name="one_turn_per_place")]

    def __str__(self) -> str:
        return str(self.user)


class Override(models.Model):
    """Somebody in place of whoever the layers name, `ends` exclusive."""

    scope_path: ClassVar[str] = "rota__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="overrides")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="overrides")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    reason = models.CharField(max_length=300)

    class Meta:
        ordering: ClassVar = ["starts"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="override_ends_after_it_starts"),
            ExclusionConstraint(
                name="overrides_of_a_rota_never_overlap",
                expressions=[
                    ("rota", RangeOperators.EQUAL),
                    (
                        Func(F("starts"), F("ends"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.rota}"


class Swap(models.Model):
    """`proposer` asks `other` to take a shift, and offers one of theirs in return where `back_starts` is given.

    It changes nothing until it is accepted; then it becomes overrides.
    """

    scope_path: ClassVar[str] = "rota__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="swaps")
    proposer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="swaps_proposed")
    other = models.ForeignKey(User, on_delete=models.PROTECT, related_name="swaps_asked")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    back_starts = models.DateTimeField(null=True, blank=True)
    back_ends = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-proposed_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="swap_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(back_starts=None, back_ends=None) | Q(back_ends__gt=F("back_starts")),
                name="swap_returns_a_whole_shift",
            ),
            models.CheckConstraint(condition=~Q(proposer=F("other")), name="nobody_swaps_with_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.proposer} with {self.other}"


class Handover(models.Model):
    """A note for whoever is on call from `shift_starts`."""

    scope_path: ClassVar[str] = "rota__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    rota = models.ForeignKey(Rota, on_delete=models.CASCADE, related_name="handovers")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="handovers")
    shift_starts = models.DateTimeField()
    written_at = models.DateTimeField()
    text = models.TextField(max_length=4000)

    class Meta:
        ordering: ClassVar = ["-written_at"]

    def __str__(self) -> str:
        return f"Hand-over of {self.rota} by {self.author}"
