"""The interfaces as this process knows them: read when they are new or changed, not at every probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from django.db import connection

from umlindi.estate.models import Interface
from umlindi.watch import services
from umlindi.watch.services import Claim

AT_ONCE = 500

VERSIONS = """
SELECT interface.id, interface.xmin::text || ' ' || system.xmin::text
FROM estate_interface AS interface JOIN estate_system AS system ON system.id = interface.system_id
WHERE interface.enabled
"""


class Estate:
    """Interfaces by id, each with the version of its rows. Every method uses the database."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._versions: dict[int, str] = {}
        self._read: dict[int, str] = {}
        self._interfaces: dict[int, Interface] = {}

    def follow(self) -> None:
        """See what was added, changed and taken away since the last time; what changed is asked at once."""
        services.keep_schedule(self._now())
        with connection.cursor() as cursor:
            cursor.execute(VERSIONS)
            versions: dict[int, str] = dict(cursor.fetchall())
        changed = [key for key, version in versions.items() if self._versions.get(key) != version]
        known = [key for key in changed if key in self._versions]
        for start in range(0, len(changed), AT_ONCE):
            self._load({key: versions[key] for key in changed[start : start + AT_ONCE]})
        new = [self._interfaces[key] for key in changed if key in self._interfaces]
        services.give_probes(new, self._now())
        services.probe_soon(known, self._now())
        for key in self._versions.keys() - versions.keys():
            self._interfaces.pop(key, None)
        self._versions = versions

    def refresh(self, claims: Iterable[Claim]) -> None:
        """Read the interfaces that have changed between two looks at all of them."""
        self._load({one.interface: one.version for one in claims if self._read.get(one.interface) != one.version})

    def _load(self, versions: Mapping[int, str]) -> None:
        if versions:
            rows = Interface.objects.select_related("system__site__organisation").in_bulk(list(versions))
            self._interfaces |= rows
            self._read |= versions

    def get(self, key: int) -> Interface | None:
        """None where it was taken away."""
        return self._interfaces.get(key)
