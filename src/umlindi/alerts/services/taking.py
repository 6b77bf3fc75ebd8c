"""From outages to alerts: each outage nobody has heard of finds the alert of its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from umlindi.alerts.models import Alert, AlertOutage, Setback
from umlindi.alerts.rules.clock import ANSWER_WITHIN
from umlindi.alerts.rules.grouping import GROUP_WAIT, LEFT_OVER, LEFTOVER_WAIT, Scope, own_key
from umlindi.alerts.rules.summing import summary
from umlindi.alerts.services.events import Kind, note
from umlindi.alerts.services.policies import frozen_policies
from umlindi.alerts.services.settling import current_outages, part_of, settle
from umlindi.alerts.services.storming import burst_of, gathering, open_storms, scope_of
from umlindi.core.locks import is_mine
from umlindi.watch.models import Outage

LOCK = 0x414C5254
"""Of the advisory lock under which one process at a time forms alerts: whether five failures are a storm is a question
about all of them."""
BATCH = 1000
SET_ASIDE = timedelta(seconds=30)
LONGEST_ASIDE = timedelta(minutes=30)
State = Alert.State


def take(now: datetime) -> int:
    """Take up to BATCH outages into alerts, in one transaction. How many; 0 also where another process is at it."""
    with transaction.atomic():
        if not is_mine(LOCK):
            return 0
        batch = list(_to_take(now)[:BATCH])
        if batch:
            _Taking(batch, now).run()
    return len(batch)


def unheard(now: datetime) -> list[int]:
    """The ids of the outages that `take` would take."""
    return list(_unheard(now).values_list("pk", flat=True)[:BATCH])


def take_one(outage_id: int, now: datetime) -> None:
    """Take one outage by itself, after a batch broke."""
    with transaction.atomic():
        if is_mine(LOCK) and (batch := list(_to_take(now).filter(pk=outage_id))):
            _Taking(batch, now).run()


def set_aside(outage_id: int, error: str, now: datetime) -> None:
    """Leave an outage that breaks us alone for a while, longer each time, so that the others are taken."""
    with transaction.atomic():
        setback, is_new = Setback.objects.select_for_update().get_or_create(
            outage_id=outage_id, defaults={"again_at": now + SET_ASIDE, "error": error[:100]}
        )
        if not is_new:
            setback.again_at = now + min(SET_ASIDE * int(2**setback.tries), LONGEST_ASIDE)
            setback.tries, setback.error = setback.tries + 1, error[:100]
            setback.save()


def _unheard(now: datetime) -> QuerySet[Outage]:
    aside = Setback.objects.filter(again_at__gt=now).values("outage")
    return Outage.objects.filter(heard=False).exclude(pk__in=aside).order_by("detected_at", "pk")


def _to_take(now: datetime) -> QuerySet[Outage]:
    rows = _unheard(now).select_for_update(skip_locked=True, of=("self",))
    return rows.select_related("system__site").defer("first", "last")


class _Taking:
    """One batch on its way into alerts."""

    def __init__(self, batch: Sequence[Outage], now: datetime) -> None:
        self._batch = batch
        self._now = now
        self._roots = _roots(batch)
        self._held = {outage.pk for outage in batch} | self._lock_roots()
        self._links = self._load_links()
        self._alerts = {link.alert.key: link.alert for link in self._links.values()}
        self._touched: dict[int, Alert] = {link.alert_id: link.alert for link in self._links.values()}
        self._fresh: set[int] = set()
        self._went: dict[int, Alert] = {}
        self._left: list[AlertOutage] = []
        self._joined: list[AlertOutage] = []
        self._policies: dict[int | None, dict[str, object]] = {}

    def run(self) -> None:
        self._gather_storms()
        for outage in self._batch:
            self._place(outage)
        self._write_links()
        self._dissolve_storms()
        self._write_links()
        settle(list(self._touched.values()), self._went, self._fresh, self._now)
        taken = [outage.pk for outage in self._batch]
        Outage.objects.filter(pk__in=taken).update(heard=True)
        Setback.objects.filter(outage__in=taken).delete()

    def _lock_roots(self) -> set[int]:
        """Roots beyond the batch, as far as nobody writes them now: those come by themselves."""
        wanted = {root.pk for root in self._roots.values()} - {outage.pk for outage in self._batch}
        rows = Outage.objects.select_for_update(skip_locked=True).filter(pk__in=wanted)
        return set(rows.values_list("pk", flat=True))

    def _load_links(self) -> dict[int, AlertOutage]:
        """Of the outages and their roots, with their alerts locked."""
        wanted = {outage.pk for outage in self._batch} | {root.pk for root in self._roots.values()}
        rows = AlertOutage.objects.filter(outage__in=wanted, left_at=None).exclude(alert__state=State.RESOLVED)
        links = list(rows)
        alerts = self._locked({link.alert_id for link in links})
        for link in links:
            link.alert = alerts[link.alert_id]
        return {link.outage_id: link for link in links}

    def _locked(self, ids: Iterable[int]) -> dict[int, Alert]:
        rows = Alert.objects.select_for_update(of=("self",)).filter(pk__in=set(ids)).order_by("pk")
        return {alert.pk: alert for alert in rows.select_related("site", "organisation")}

    def _gather_storms(self) -> None:
        """Open the alerts of new storms, and have them take in what their systems had opened just before."""
        self._storms = open_storms()
        fresh = [outage for outage in self._batch if outage.until is None and outage.pk not in self._links]
        burst = burst_of(fresh)
        for key, systems in burst.systems.items():
            storm = self._storm(key, next(each for each in fresh if each.system_id in systems))
            rows = Alert.objects.exclude(state=State.RESOLVED).exclude(pk=storm.pk).filter(detected_at__gte=burst.began)
            inside = rows.filter(links__left_at=None, links__outage__system__in=systems).values_list("pk", flat=True)
            for alert in self._locked(inside).values():
                self._absorb(self._touched.setdefault(alert.pk, alert), storm)

    def _storm(self, key: str, outage: Outage) -> Alert:
        if key in self._storms:
            return self._known(self._storms[key][0])
        alert = self._open(key, outage, scope_of(key))
        self._storms[key] = (alert, outage.detected_at)
        return alert

    def _absorb(self, alert: Alert, storm: Alert) -> None:
        rows = AlertOutage.objects.filter(alert=alert, left_at=None).exclude(outage__in=self._links)
        self._links |= {link.outage_id: link for link in rows}
        for link in [link for link in self._links.values() if link.alert_id == alert.pk]:
            self._move(link, storm)

    def _place(self, outage: Outage) -> None:
        """Have one outage be in the alert of its cause."""
        link = self._links.get(outage.pk)
        if outage.until is not None and link is not None:
            return
        root = self._roots[outage.pk]
        home = self._home(root)
        if root.pk in self._held and root.pk not in self._links:
            self._join(root, home)
        if link is not None and link.alert_id != home.pk:
            self._move(link, home)
        elif outage.pk not in self._links:
            self._join(outage, home)

    def _home(self, root: Outage) -> Alert:
        """Where a root is; a new one in the storm that gathers around it, else in an alert of its own."""
        own = own_key(root.kind, root.key, root.system_id)
        link = self._links.get(root.pk)
        if link is not None and (link.alert.key == own or link.alert.breadth != Alert.Breadth.ONE):
            return link.alert
        storm = gathering(self._storms, root) if root.until is None else None
        return self._known(storm) if storm is not None else self._own(own, root)

    def _own(self, key: str, root: Outage, wait: timedelta = GROUP_WAIT) -> Alert:
        if key not in self._alerts:
            found = Alert.objects.filter(key=key).exclude(state=State.RESOLVED).values_list("pk", flat=True)
            locked = next(iter(self._locked(found).values()), None)
            self._alerts[key] = locked or self._open(key, root, Scope.ONE, wait)
        return self._known(self._alerts[key])

    def _known(self, alert: Alert) -> Alert:
        """The same row as one object, locked, however it was found."""
        if alert.pk not in self._touched:
            self._touched |= self._locked([alert.pk])
        return self._touched[alert.pk]

    def _open(self, key: str, outage: Outage, scope: Scope, wait: timedelta = GROUP_WAIT) -> Alert:
        """A new alert, of what the outage says until `settle` knows all of it."""
        site = outage.system.site if outage.system else outage.site
        told = summary(Scope.ONE, "", [part_of(outage)])
        whose = None if scope is Scope.EVERYWHERE else outage.organisation_id
        alert = Alert.objects.create(
            organisation_id=whose,
            site=site if scope in (Scope.ONE, Scope.SITE) else None,
            system=outage.system if scope is Scope.ONE else None,
            key=key,
            breadth=scope.value,
            severity=told.severity,
            condition=told.condition,
            title=told.title,
            since=told.since,
            detected_at=told.detected,
            opened_at=self._now,
            answer_due_at=told.detected + ANSWER_WITHIN,
            policy=self._policy(whose),
            armed_at=self._now,
            due_at=self._now + wait,
        )
        note(alert, Kind.OPENED, self._now)
        self._touched[alert.pk] = alert
        self._fresh.add(alert.pk)
        return alert

    def _policy(self, organisation: int | None) -> dict[str, object]:
        if organisation not in self._policies:
            self._policies |= frozen_policies({organisation})
        return self._policies[organisation]

    def _join(self, outage: Outage, alert: Alert) -> None:
        link = AlertOutage(alert=alert, outage=outage, joined_at=self._now)
        self._links[outage.pk] = link
        self._joined.append(link)

    def _move(self, link: AlertOutage, alert: Alert) -> None:
        self._went[link.alert_id] = alert
        if link.pk is None:
            link.alert = alert
            return
        self._left.append(link)
        moved = AlertOutage(alert=alert, outage_id=link.outage_id, joined_at=self._now)
        self._links[link.outage_id] = moved
        self._joined.append(moved)

    def _write_links(self) -> None:
        AlertOutage.objects.filter(pk__in=[link.pk for link in self._left]).update(left_at=self._now)
        AlertOutage.objects.bulk_create(self._joined)
        self._left, self._joined = [], []

    def _dissolve_storms(self) -> None:
        """A storm with hardly anything left is over; what is left has alerts of its own, after a while to come back."""
        storms = [alert for alert in self._touched.values() if alert.breadth != Alert.Breadth.ONE]
        outages = current_outages([alert for alert in storms if alert.pk not in self._fresh])
        for found in outages.values():
            left = [outage for outage in found if outage.until is None]
            systems = {outage.system_id for outage in left if outage.because_id is None}
            if left and len(systems) <= LEFT_OVER:
                self._leave(left)

    def _leave(self, outages: Sequence[Outage]) -> None:
        roots = _roots(outages)
        for link in AlertOutage.objects.filter(outage__in=outages, left_at=None):
            root = roots[link.outage_id]
            self._left.append(link)
            home = self._own(own_key(root.kind, root.key, root.system_id), root, LEFTOVER_WAIT)
            self._joined.append(AlertOutage(alert=home, outage_id=link.outage_id, joined_at=self._now))


def _roots(outages: Sequence[Outage]) -> dict[int, Outage]:
    """For each outage the open one at the end of its `because`: itself where there is none."""
    known = {outage.pk: outage for outage in outages}
    while wanted := {each.because_id for each in known.values() if each.because_id} - known.keys():
        known |= Outage.objects.select_related("system__site").defer("first", "last").in_bulk(wanted)
    return {outage.pk: _root(outage, known) for outage in outages}


def _root(outage: Outage, known: dict[int, Outage]) -> Outage:
    seen = {outage.pk}
    while outage.because_id and known[outage.because_id].until is None and outage.because_id not in seen:
        outage = known[outage.because_id]
        seen.add(outage.pk)
    return outage
