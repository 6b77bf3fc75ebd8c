"""The runs of watch processes: who is at work, how punctually, and how far each has recorded its answers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Watcher(models.Model):
    """One run of a watch process, written with every batch of answers it records.

    `batch` is the newest of its batches that is recorded: a batch that comes a second time, from a spool, is known by
    it. The rest is told of the last minute: how many probes it began, how late the latest hundredth of them began, in
    seconds, and how many answers wait on its disk because the database was away.
    """

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=255)
    pid = models.BigIntegerField()
    at = models.DateTimeField()
    batch = models.BigIntegerField()
    begun = models.PositiveIntegerField(default=0)
    lag_s = models.FloatField(default=0)
    waiting = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"watch on {self.host}, process {self.pid}"
