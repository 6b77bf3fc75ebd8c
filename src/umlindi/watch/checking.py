"""Running checks: every interface of every organisation at once, lines written as answers come."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from queue import Queue
from zoneinfo import ZoneInfo

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.estate.models import Interface
from umlindi.watch import services
from umlindi.watch.models import Check, CheckLine
from umlindi.watch.rules.merging import Heard, merged
from umlindi.watch.rules.plans import Plan
from umlindi.watch.runner import Answer, Runner
from umlindi.watch.targets import Job, job_for, plans_for

FLUSH_AFTER_S = 0.5
HOUSE_ZONE = ZoneInfo("Africa/Johannesburg")

Batch = list[tuple[Interface, Answer]]


def interfaces_of(organisations: Iterable[Organisation]) -> list[Interface]:
    """What a morning check looks at: every enabled interface."""
    rows = Interface.objects.filter(system__site__organisation__in=organisations, enabled=True)
    return list(rows.select_related("system__site__organisation"))


def reference_for(organisation: Organisation, now: datetime) -> datetime:
    """The moment a check compares with: the last finished check of an earlier day, else this time yesterday."""
    midnight = now.astimezone(HOUSE_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    before = organisation.checks.filter(finished_at__isnull=False, started_at__lt=midnight).order_by("-started_at")
    earlier = before.values_list("started_at", flat=True).first()
    return earlier or now - timedelta(days=1)


def run_check(actor: Actor, check: Check) -> Check:
    """One check, as `run_checks` has it."""
    return run_checks(actor, [check])[0]


def run_checks(actor: Actor, checks: Sequence[Check]) -> list[Check]:
    """Probe all at once what the checks have no lines for yet, and finish them.

    A check whose process died is taken up where it stood; a finished one is left as it is.
    """
    running = {check.organisation_id: check for check in checks if check.finished_at is None}
    told = set(CheckLine.objects.filter(check_run__in=running.values()).values_list("interface_id", flat=True))
    interfaces = interfaces_of([check.organisation for check in running.values()])
    references = {key: reference_for(check.organisation, check.started_at) for key, check in running.items()}

    def write(batch: Batch) -> None:
        for key, part in _by_organisation(batch):
            services.add_lines(running[key], part, references[key])

    survey([interface for interface in interfaces if interface.pk not in told], write)
    for check in running.values():
        services.finish_check(actor, check, datetime.now(UTC))
    return list(checks)


def look(interfaces: Sequence[Interface], now: datetime) -> list[CheckLine]:
    """Probe some interfaces now and tell them as lines that belong to no check."""
    lines: list[CheckLine] = []

    def write(batch: Batch) -> None:
        for _, part in _by_organisation(batch):
            reference = reference_for(part[0][0].system.site.organisation, now)
            lines.extend(services.lines_of(part, reference))

    survey(interfaces, write)
    return lines


def _by_organisation(batch: Batch) -> Iterator[tuple[int, Batch]]:
    parts: defaultdict[int, Batch] = defaultdict(list)
    for interface, answer in batch:
        parts[interface.system.site.organisation_id].append((interface, answer))
    yield from parts.items()


def survey(interfaces: Sequence[Interface], write: Callable[[Batch], object]) -> None:
    """Probe interfaces all at once and hand answers on in batches as they come, one for each interface.

    The probing has a thread of its own; `write` runs in the caller's, with the caller's database connection.
    """
    by_key = {interface.pk: interface for interface in interfaces}
    answers: Queue[Answer | None] = Queue()
    with ThreadPoolExecutor(1, "survey") as pool:
        survey_ = _Survey(interfaces, answers)
        done = pool.submit(asyncio.run, survey_.run())
        try:
            for batch in _batches(answers):
                write([(by_key[answer.key], answer) for answer in batch])
        finally:
            survey_.stop()
        done.result()


class _Survey:
    """The probing side: puts every answer, then None."""

    def __init__(self, interfaces: Sequence[Interface], answers: Queue[Answer | None]) -> None:
        self._looks = [_looks_at(interface) for interface in interfaces]
        self._answers = answers
        self._stopped = threading.Event()

    async def run(self) -> None:
        runner = Runner()
        tasks = [asyncio.create_task(_whole(runner, looks)) for looks in self._looks]
        try:
            for done in asyncio.as_completed(tasks):
                self._answers.put(await done)
                if self._stopped.is_set():
                    return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._answers.put(None)

    def stop(self) -> None:
        """Leave off after the next answer; what is under way ends at its own deadline at the latest."""
        self._stopped.set()


@dataclass(frozen=True, slots=True)
class _Look:
    """What is asked of an interface by one of its plans."""

    plan: Plan
    site: int
    job: Job


def _looks_at(interface: Interface) -> list[_Look]:
    """Every plan's but the quick one's, which the full ladder begins with."""
    plans = [plan for plan in plans_for(interface) if plan is not Plan.QUICK]
    return [_Look(plan, interface.system.site_id, job_for(interface, plan)) for plan in plans]


async def _whole(runner: Runner, looks: Sequence[_Look]) -> Answer:
    """One answer made of all of them."""
    found = await asyncio.gather(*(runner.probe(look.job, look.site) for look in looks))
    parts = tuple(replace(answer, plan=look.plan) for answer, look in zip(found, looks, strict=True))
    if len(parts) == 1:
        return parts[0]
    result = merged({part.plan: Heard(part.result, part.began) for part in parts})
    return Answer(parts[0].key, min(part.began for part in parts), result, of=parts)


def _batches(answers: Queue[Answer | None]) -> Iterator[list[Answer]]:
    """What has come since the last time, at most every FLUSH_AFTER_S, until None ends it."""
    ended = False
    while not ended:
        batch = [answers.get()]
        time.sleep(FLUSH_AFTER_S if batch[0] is not None else 0)
        while not answers.empty():
            batch.append(answers.get_nowait())
        ended = None in batch
        if found := [answer for answer in batch if answer is not None]:
            yield found
