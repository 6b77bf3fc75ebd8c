"""From spells, windows and objectives to figures; closed months; budgets that burn."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Model

from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Interface, System
from umlindi.testing.estate import make_interface, make_site, make_system
from umlindi.uptime import services
from umlindi.uptime.models import ClosedFigure, ClosedMonth, Objective, Window
from umlindi.uptime.queries.book import Book, Kind, Line, of_interfaces, of_systems, terms_in_force, zone
from umlindi.uptime.queries.closed import in_force, is_whole, lines
from umlindi.uptime.queries.drill import Drill
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.availability import Tally
from umlindi.uptime.rules.budgets import Verdict
from umlindi.uptime.rules.months import month_period
from umlindi.uptime.rules.timeline import Period
from umlindi.uptime.services import objectives
from umlindi.uptime.services.objectives import Promised
from umlindi.uptime.services.windows import Invalid
from umlindi.watch.models import Outage, Probe, Spell

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
NOVEMBER = date(2026, 11, 1)
MONTH = month_period(NOVEMBER, zone())
LATER = MONTH.end + timedelta(days=4)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def spell(interface: Interface, condition: str, since: datetime, until: datetime | None, **given: Any) -> Spell:
    return Spell.objects.create(
        interface=interface,
        condition=condition,
        since=since,
        until=until,
        probed_at=given.get("probed_at", until or LATER),
    )


def up_but_down(interface: Interface, since: datetime, until: datetime, start: datetime = MONTH.start - DAY) -> None:
    spell(interface, "up", start, since)
    spell(interface, "down", since, until)
    spell(interface, "up", until, None)


def window(system: System, starts: datetime, ends: datetime, **given: Any) -> Window:
    row = Window.objects.create(
        organisation=system.site.organisation,
        title="Upgrade",
        reason="x",
        agreed_by="S. Gxowa",
        starts=starts,
        ends=ends,
        zone="Africa/Johannesburg",
        created_by="x",
        **given,
    )
    row.systems.add(system)
    return row


def ledger(*systems: System, period: Period = MONTH, now: datetime = LATER) -> Ledger:
    return Ledger.load(System.objects.filter(pk__in=[system.pk for system in systems]), period, now)


def line(system: System, **given: Any) -> Line:
    (found,) = of_systems(ledger(system, **given))
    return found


def test_the_month_shows_exactly_the_outage_raw_and_adjusted() -> None:
    """Vectors 9 and 10: a window that opens and closes amid an outage."""
    system, at = make_system(), MONTH.start + 9 * DAY
    up_but_down(make_interface(system), at, at + HOUR)
    window(system, at + HOUR / 2, at + HOUR / 2 + timedelta(minutes=10))
    own = line(system).own
    assert own.raw == Tally(up=30 * DAY - HOUR, down=HOUR)
    assert own.adjusted == Tally(up=30 * DAY - HOUR, down=HOUR - timedelta(minutes=10))
    assert own.adjusted.whole == 30 * DAY - timedelta(minutes=10)


def test_a_system_is_down_while_any_of_its_interfaces_is() -> None:
    system, at = make_system(), MONTH.start + DAY
    for hour in (0, 2):
        up_but_down(make_interface(system), at + hour * HOUR, at + (hour + 1) * HOUR)
    assert line(system).own.raw.down == 2 * HOUR


def test_a_window_reaches_what_stands_on_what_it_names_and_no_more() -> None:
    site = make_site()
    database, ris, other = (make_system(site) for _ in range(3))
    ris.depends_on.add(database)
    at = MONTH.start + DAY
    for each in (database, ris, other):
        up_but_down(make_interface(each), at, at + HOUR)
    window(database, at, at + HOUR)
    found = {one.subject: one.own.adjusted.down for one in of_systems(ledger(database, ris, other))}
    assert found == {database.pk: 0 * HOUR, ris.pk: 0 * HOUR, other.pk: HOUR}


def test_a_cancelled_window_takes_nothing_out() -> None:
    system, at = make_system(), MONTH.start + DAY
    up_but_down(make_interface(system), at, at + HOUR)
    window(system, at, at + HOUR, state="cancelled")
    assert line(system).own.adjusted.down == HOUR


def test_an_interface_counts_from_its_first_answer_and_a_disabled_one_to_its_last() -> None:
    system, came, left = make_system(), MONTH.start + 10 * DAY, MONTH.start + 20 * DAY
    spell(make_interface(system, enabled=False), "up", came, None, probed_at=left)
    assert line(system).own.raw == Tally(up=10 * DAY)
    assert [*of_systems(ledger(make_system()))] == []


def test_what_is_no_longer_heard_is_unknown_from_its_last_answer_on() -> None:
    interface = make_interface()
    now = MONTH.start + 10 * DAY
    spell(interface, "up", MONTH.start, None, probed_at=MONTH.start)
    Probe.objects.create(interface=interface, plan="quick", interval_s=30, due_at=now, probed_at=now - HOUR)
    assert line(interface.system, now=now).own.raw == Tally(up=10 * DAY - HOUR, unknown=HOUR)
    Probe.objects.update(probed_at=now - timedelta(seconds=60))
    assert line(interface.system, now=now).own.raw == Tally(up=10 * DAY)


def promised(*systems: System, **given: Any) -> Promised:
    usual = Promised(Decimal("99.9"), "always", "together", frozenset(systems))
    return replace(usual, **given)


def objective(*systems: System, now: datetime = MONTH.start, **given: Any) -> Objective:
    organisation = systems[0].site.organisation
    return objectives.promise_uptime(HOUSE, organisation, "Imaging", promised(*systems, **given), now)


def book(*systems: System, **given: Any) -> Book:
    terms = terms_in_force(Objective.objects.values_list("pk", flat=True), NOVEMBER)
    return Book.of(ledger(*systems, **given), list(terms.values()), interfaces=True)


def test_groups_have_the_mean_of_their_systems_and_the_share_in_which_all_were_up() -> None:
    site, at = make_site(), MONTH.start + DAY
    one, two = make_system(site), make_system(site)
    for hour, each in enumerate((one, two)):
        up_but_down(make_interface(each), at + hour * HOUR, at + (hour + 1) * HOUR)
    for kind in (Kind.SITE, Kind.ORGANISATION):
        (group,) = book(one, two).lines[kind]
        assert group.own.raw == Tally(up=60 * DAY - 2 * HOUR, down=2 * HOUR)
        assert group.all_up is not None
        assert group.all_up.raw == Tally(up=30 * DAY - 2 * HOUR, down=2 * HOUR)


def test_an_objective_counts_the_hours_of_each_system_s_site() -> None:
    open_, shut = make_site(hours="Mon-Sun 08:00-18:00"), MONTH.start + DAY
    system = make_system(open_)
    up_but_down(make_interface(system), shut + 7 * HOUR, shut + 9 * HOUR)
    objective(system, hours="site")
    (found,) = book(system).lines[Kind.OBJECTIVE]
    assert found.own.raw == Tally(up=299 * HOUR, down=HOUR)
    assert found.budget is not None
    assert found.budget.verdict is Verdict.MISSED
    assert found.budget.allowed == timedelta(minutes=18)


def test_a_running_month_is_judged_with_what_is_still_to_come() -> None:
    system = make_system()
    spell(make_interface(system), "up", MONTH.start, None)
    objective(system)
    window(system, MONTH.start + 20 * DAY, MONTH.start + 20 * DAY + HOUR)
    (found,) = book(system, now=MONTH.start + 10 * DAY).lines[Kind.OBJECTIVE]
    assert found.remaining == 20 * DAY - HOUR
    assert found.budget is not None
    assert found.budget.verdict is Verdict.ON_COURSE


def test_terms_change_from_the_next_month_on_and_at_once_in_the_first() -> None:
    system = make_system()
    row = objective(system, now=MONTH.start + DAY)
    objectives.change(HOUSE, row, "Imaging", promised(system, target=Decimal("99.5")), MONTH.start + 2 * DAY)
    assert [each.target for each in row.terms.all()] == [Decimal("99.5")]
    objectives.change(HOUSE, row, "All imaging", promised(system, target=Decimal(99)), MONTH.end + DAY)
    in_november, in_december, in_january = (
        terms_in_force([row.pk], month)[row.pk].target for month in (NOVEMBER, date(2026, 12, 1), date(2027, 1, 1))
    )
    assert (in_november, in_december, in_january) == (Decimal("99.5"), Decimal("99.5"), Decimal(99))
    assert terms_in_force([row.pk], date(2026, 10, 1)) == {}
    verbs = AuditEvent.objects.order_by("seq").values_list("verb", flat=True)
    assert [*verbs] == [
        "objective.promised",
        "objective.terms",
        "objective.terms",
        "objective.renamed",
        "objective.terms",
    ]


@pytest.mark.parametrize(("given", "field"), [({"target": Decimal(100)}, "target"), ({"target": Decimal(0)}, "target")])
def test_a_target_leaves_a_budget(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        objective(make_system(), **given)
    assert set(caught.value.complaints) == {field}


def test_an_objective_is_about_systems_of_its_organisation_under_a_name_of_its_own() -> None:
    system = make_system()
    objective(system)
    with pytest.raises(Invalid) as caught:
        objective(system, make_system())
    assert set(caught.value.complaints) == {"systems", "name"}


def test_every_interval_leads_to_its_outage_and_window() -> None:
    system, at = make_system(), MONTH.start + 9 * DAY
    interface = make_interface(system)
    up_but_down(interface, at, at + HOUR)
    window(system, at + HOUR / 2, at + 2 * HOUR)
    outage = Outage.objects.create(
        key=f"interface:{interface.pk}",
        kind="interface",
        organisation=system.site.organisation,
        site=system.site,
        system=system,
        interface=interface,
        subject="x",
        headline="is down",
        condition="down",
        since=at,
        until=at + HOUR,
        detected_at=at,
    )
    told = Drill(ledger(system)).of(Kind.SYSTEM, system.pk)
    assert [(one.condition, one.end - one.start, one.window, one.outages) for one in told] == [
        ("down", HOUR / 2, "", (outage.pk,)),
        ("down", HOUR / 2, "Upgrade", (outage.pk,)),
        ("up", HOUR, "Upgrade", ()),
    ]


# Closed months


def closed() -> tuple[System, ClosedMonth]:
    system, at = make_system(), MONTH.start + 9 * DAY
    up_but_down(make_interface(system), at, at + HOUR)
    window(system, at, at + HOUR / 2)
    objective(system)
    (month,) = services.close_months(HOUSE, MONTH.end + 3 * DAY)[-1:]
    return system, month


def test_a_month_is_closed_once_after_its_days_of_grace() -> None:
    system, month = closed()
    organisation = system.site.organisation
    assert [each.month for each in ClosedMonth.objects.filter(organisation=organisation)] == [
        NOVEMBER,
        date(2026, 10, 1),
    ]
    assert services.close_months(HOUSE, LATER) == []
    with pytest.raises(services.NotOver):
        services.close_month(HOUSE, organisation, date(2026, 12, 1), LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        services.close_month(HOUSE, organisation, NOVEMBER, LATER)
    assert is_whole(month)


def test_a_closed_month_stays_whatever_happens_to_what_made_it() -> None:
    system, month = closed()
    kinds = list(Kind)
    before = lines([month], kinds)
    assert {kind: len(found) for kind, found in before.items()} == dict.fromkeys(kinds, 1)
    assert before[Kind.SYSTEM][0].own.adjusted.down == HOUR / 2
    budget = before[Kind.OBJECTIVE][0].budget
    assert budget is not None
    assert budget.verdict is Verdict.MET
    Spell.objects.filter(condition="down").update(condition="up")
    Window.objects.update(starts=MONTH.start)
    objectives.change(HOUSE, Objective.objects.get(), "x", promised(system, target=Decimal(50)), LATER)
    system.interfaces.all().delete()
    held = in_force(HOUSE, NOVEMBER)[system.site.organisation_id]
    assert lines([held], kinds) == before
    assert is_whole(held)


@pytest.mark.parametrize("model", [ClosedMonth, ClosedFigure])
def test_a_closed_month_cannot_be_changed_or_removed_even_past_the_services(model: type[Model]) -> None:
    closed()
    rows = model._default_manager.all()
    field = "reason" if model is ClosedMonth else "name"
    with pytest.raises(DatabaseError, match="history"), transaction.atomic():
        rows.update(**{field: "better"})
    with pytest.raises(DatabaseError, match="history"), transaction.atomic():
        rows._raw_delete(rows.db)


def test_a_changed_figure_is_found_out() -> None:
    _, month = closed()
    month.policy = {**month.policy, "windows": []}
    assert not is_whole(month)


def test_a_correction_stands_beside_what_it_corrects_with_its_reason() -> None:
    system, month = closed()
    Spell.objects.filter(condition="down").update(condition="unknown")
    with pytest.raises(Invalid):
        services.correct(HOUSE, month, " ", LATER)
    corrected = services.correct(HOUSE, month, "The probe was wrong, see incident 2041.", LATER + HOUR)
    held = in_force(HOUSE, NOVEMBER)[system.site.organisation_id]
    assert held == corrected
    assert lines([held], [Kind.SYSTEM])[Kind.SYSTEM][0].own.raw == Tally(up=30 * DAY - HOUR, unknown=HOUR)
    assert lines([month], [Kind.SYSTEM])[Kind.SYSTEM][0].own.raw.down == HOUR
    assert AuditEvent.objects.latest("seq").verb == "month.corrected"


# Budgets


def test_a_budget_that_burns_is_one_outage_until_it_burns_no_more() -> None:
    system, at = make_system(), MONTH.start + 9 * DAY
    interface = make_interface(system)
    fell_before(interface, at)
    up_but_down(interface, at, at + timedelta(minutes=4), start=at - 19 * MINUTE)
    row = objective(system)
    minutes = [at + timedelta(minutes=n) for n in range(-2, 14)]
    burned = [objectives.watch_budgets(each) for each in minutes]
    assert burned[:3] == [0, 0, 0]
    assert max(burned) >= 1
    fast = Outage.objects.get(key=f"budget:{row.pk}:fast")
    assert (fast.kind, fast.organisation, fast.until is None) == ("budget", system.site.organisation, False)
    assert at < fast.since <= at + timedelta(minutes=2)
    assert "14.4 times" in fast.cause
    objectives.watch_budgets(at + 4 * HOUR)
    assert not Outage.objects.filter(until=None).exists()


def fell_before(interface: Interface, at: datetime) -> None:
    """A short fall twenty minutes earlier: a single one burns nothing."""
    spell(interface, "up", MONTH.start - DAY, at - 20 * MINUTE)
    spell(interface, "down", at - 20 * MINUTE, at - 19 * MINUTE)


def test_an_ended_objective_alerts_no_more() -> None:
    system, at = make_system(), MONTH.start + 9 * DAY
    interface = make_interface(system)
    fell_before(interface, at)
    up_but_down(interface, at, at + HOUR / 2, start=at - 19 * MINUTE)
    row = objective(system)
    assert objectives.watch_budgets(at + HOUR / 2) == 1
    objectives.end(HOUSE, row, "contract over", at + HOUR / 2)
    assert objectives.watch_budgets(at + HOUR / 2) == 0
    assert not Outage.objects.filter(until=None).exists()


def test_two_thousand_interfaces_over_a_month_cost_less_than_two_seconds(django_assert_max_num_queries: Any) -> None:
    site = make_site()
    systems = System.objects.bulk_create(System(site=site, slug=f"s{n}", name=f"S{n}", kind="pacs") for n in range(500))
    rows = Interface.objects.bulk_create(
        Interface(system=systems[n % 500], name=f"I{n}", kind="dicom") for n in range(2000)
    )
    edges = [MONTH.start - DAY, *(MONTH.start + n * DAY + HOUR * (n % 2) for n in range(1, 20))]
    Spell.objects.bulk_create(
        [
            Spell(
                interface=row,
                condition="down" if n % 2 else "up",
                since=edge,
                until=edges[n + 1] if n < 19 else None,
                probed_at=LATER,
            )
            for row in rows
            for n, edge in enumerate(edges)
        ],
        batch_size=5000,
    )
    window(systems[0], MONTH.start + DAY, MONTH.start + 2 * DAY)
    began = time.process_time()
    with django_assert_max_num_queries(12):
        held = Ledger.load(System.objects.filter(site=site), MONTH, LATER)
        assert len([*of_interfaces(held)]) == 2000
    assert time.process_time() - began < 2


def test_a_system_is_held_to_the_strictest_target_that_counts_day_and_night() -> None:
    system, at = make_system(), MONTH.start + DAY
    up_but_down(make_interface(system), at, at + 2 * HOUR)
    organisation = system.site.organisation
    for name, given in (
        ("a", {"target": Decimal(99)}),
        ("b", {}),
        ("c", {"target": Decimal("99.99"), "hours": "site"}),
    ):
        objectives.promise_uptime(HOUSE, organisation, name, promised(system, **given), MONTH.start)
    (found,) = book(system).lines[Kind.SYSTEM]
    assert (found.target, found.budget and found.budget.verdict) == (Fraction("0.999"), Verdict.MISSED)
    window(system, MONTH.start + 20 * DAY, MONTH.start + 20 * DAY + HOUR)
    (found,) = book(system, now=MONTH.start + 10 * DAY).lines[Kind.SYSTEM]
    assert found.remaining == 20 * DAY - HOUR
