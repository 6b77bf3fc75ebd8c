"""A site with something of everything on it, for test_look: run as a program, with a database of its own.

    python tests/look_site.py

Needs an empty DATABASE_URL and UMLINDI_HOME. Prints one JSON line (its port, the keys of its rows, the names of its
pages, who signs in) and serves until it is ended. A process of its own, because browsers see only what is committed,
and the trail cannot be emptied again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import waitress

ADMINISTRATOR, OPERATOR = "nomvula", "sipho"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "umlindi.config.settings")
os.environ.setdefault("UMLINDI_DEMO", "1")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.urls import URLPattern, URLResolver, get_resolver  # noqa: E402

from look_alerts import alert_rows  # noqa: E402
from look_heartbeats import heartbeat_rows  # noqa: E402
from look_uptime import uptime_rows  # noqa: E402
from umlindi.accounts.models import Organisation, User  # noqa: E402
from umlindi.accounts.queries import actor_of  # noqa: E402
from umlindi.accounts.rules import Role  # noqa: E402
from umlindi.config.wsgi import application  # noqa: E402
from umlindi.core.actors import Actor  # noqa: E402
from umlindi.core.models import AuditEvent  # noqa: E402
from umlindi.diagnosis import explain  # noqa: E402
from umlindi.estate.models import Contact, Dependency, Interface, Site, System  # noqa: E402
from umlindi.oncall.models import Handover, Holiday, Override, Profile, Rota, Swap  # noqa: E402
from umlindi.probes import Layer, ProbeResult, Severity, State, Step  # noqa: E402
from umlindi.testing.estate import PASSWORD, make_interface, make_organisation, make_site, make_system, make_user  # noqa: E402
from umlindi.testing.oncall import make_answerer, make_mailbox, make_rota  # noqa: E402
from umlindi.watch import services  # noqa: E402
from umlindi.watch.models import Check, Outage, Spell  # noqa: E402
from umlindi.watch.rules.conditions import condition_of  # noqa: E402
from umlindi.watch.runner import Answer  # noqa: E402
from umlindi.watch.services.outages import Turned, follow  # noqa: E402

HOUSE = Actor.house("test")
TARGET = "MTHATHA@10.20.4.12:104"


def good(probe: str = "dicom") -> ProbeResult:
    names = (("resolve", 0.2, Layer.TRANSPORT), ("tcp", 0.6, Layer.TRANSPORT), ("association", 4.1, Layer.ASSOCIATION))
    steps = tuple(Step(name, State.OK, ms, layer, "", "as it should be") for name, ms, layer in names)
    return ProbeResult(probe, TARGET, (*steps, Step("echo", State.OK, 1.4, Layer.DIMSE, "0000", "C-ECHO answered")))


def failing(name: str, layer: Layer, code: str, meaning: str, severity: Severity = Severity.FAILED) -> ProbeResult:
    """A ladder that fails at one rung and skips the one after it, with its diagnosis."""
    failed = Step(name, State.FAILED, 18.3, layer, code, meaning, {}, severity)
    skipped = Step("wado", State.SKIPPED, None, Layer.WORKFLOW, meaning=f"not asked because {name} failed")
    return explain(ProbeResult("dicom", TARGET, (*good().steps, failed, skipped)))


def no_retrieve() -> ProbeResult:
    return failing("move", Layer.DIMSE, "A801", "move destination unknown")


def not_at_home() -> ProbeResult:
    return explain(
        ProbeResult(
            "hl7",
            "10.20.4.30:2575",
            (Step("tcp", State.FAILED, 1.1, Layer.TRANSPORT, "ECONNREFUSED", "refused", {}, Severity.FAILED),),
        )
    )


def short_of_memory() -> ProbeResult:
    return failing("memory", Layer.WORKFLOW, "memory-high", "93 % used", Severity.DEGRADED)


def people(hospital: Organisation) -> tuple[User, User, User]:
    """One who may do everything, one who operates, and one who has left."""
    nomvula = make_user(
        Role.ADMINISTRATOR,
        None,
        username=ADMINISTRATOR,
        first_name="Nomvula",
        last_name="Dlamini",
        email="n@thusong.example",
    )
    sipho = make_user(Role.OPERATOR, hospital, username=OPERATOR, first_name="Sipho", last_name="Gxowa")
    gone = make_user(Role.CLIENT, hospital, first_name="Adéle", last_name="Swanepoel", is_active=False)
    return nomvula, sipho, gone


def systems(site: Site) -> Iterator[tuple[Interface, list[ProbeResult]]]:
    """Interfaces with what their last probes said, oldest first: every condition, one down because of another."""
    database = make_system(site, name="RIS database", kind=System.Kind.DATABASE, slug="ris-db")
    ris = make_system(site, name="RIS", kind=System.Kind.RIS, serves="Reception, 40 users")
    pacs = make_system(
        site,
        name="Mthatha PACS",
        slug="pacs",
        kind=System.Kind.PACS,
        vendor="Orthanc",
        version="1.12.5",
        serves="3 wards",
    )
    ct = make_system(site, name="CT 1", kind=System.Kind.MODALITY, modality="CT")
    Dependency.objects.create(system=ris, needs=database)
    yield make_interface(pacs, name="Query and retrieve"), [good(), no_retrieve(), good(), no_retrieve()]
    yield make_interface(pacs, name="Host", kind=Interface.Kind.HOST, called=""), [good(), good(), short_of_memory()]
    yield make_interface(database, name="SQL", kind=Interface.Kind.SQL, called="", url=""), [good(), not_at_home()]
    yield make_interface(ris, name="HL7", kind=Interface.Kind.HL7, called=""), [good(), not_at_home()]
    yield make_interface(ct, name="DICOM"), [good(), short_of_memory(), good(), good()]
    yield make_interface(ct, name="Console", kind=Interface.Kind.WEB, called=""), []


def history(site: Site, now: datetime) -> list[tuple[Interface, Answer]]:
    """Write twenty hours of history, and return every interface's newest answer."""
    newest = []
    for interface, results in systems(site):
        length = timedelta(hours=20) / max(len(results), 1)
        for age, result in enumerate(reversed(results)):
            since, until = now - length * (age + 1), now - length * age
            Spell.objects.create(
                interface=interface,
                condition=condition_of(result),
                since=since,
                until=until if age else None,
                probed_at=until - timedelta(seconds=20),
                result=result.to_json(),
            )
        if results:
            newest.append((interface, Answer(interface.pk, now, results[-1])))
    return newest


def checks(
    nomvula: User, hospital: Organisation, answers: list[tuple[Interface, Answer]], now: datetime
) -> dict[str, int]:
    """One signed yesterday, one of today to be signed, one still running."""
    actor, keys = actor_of(nomvula), {}
    for name, began in (("signed", now - timedelta(days=1)), ("finished", now), ("running", now)):
        check = services.start_check(actor, hospital, began)
        keys[name] = check.pk
        if name != "running":
            services.add_lines(check, answers, began - timedelta(days=1))
            services.finish_check(HOUSE, check, began + timedelta(seconds=12))
    services.sign(actor, Check.objects.get(pk=keys["signed"]), "Rang the vendor at 07:20.", now)
    return keys


def outages(answers: list[tuple[Interface, Answer]], now: datetime) -> dict[str, int]:
    """One open with its consequence, and one that is over."""
    ago, later = now - timedelta(hours=2), now - timedelta(hours=1)
    for interface, answer in answers:
        follow([Turned(interface, condition_of(answer.result), ago, answer.result)], ago + timedelta(seconds=12))
    mended = next(interface for interface, answer in answers if interface.kind == Interface.Kind.HOST)
    follow([Turned(mended, condition_of(good()), later, good())], later + timedelta(seconds=12))
    return {
        "outage": Outage.objects.get(system__slug="ris-db").pk,
        "consequence": Outage.objects.get(because__isnull=False).pk,
        "over": Outage.objects.get(until__isnull=False).pk,
    }


def on_call(hospital: Organisation, nomvula: User, sipho: User, now: datetime) -> dict[str, int]:
    """Two rotas: one with a hole, an override, a swap to answer and a note; channels that work, failed and are off."""
    thabo = make_answerer(hospital, username="thabo", first_name="Thabo", last_name="Mokoena")
    Profile.objects.create(user=thabo, phone="+27 82 555 0142", quiet="Mon-Sun 22:00-06:00")
    for user in (nomvula, sipho):
        make_mailbox(user, verified_at=now)
    failure = "application HTTP 404: the service knows no such address, topic or room"
    failed: dict[str, Any] = {"failed_at": now, "failure": failure}
    make_mailbox(nomvula, name="Second mailbox", **failed)
    make_mailbox(organisation=hospital, enabled=False, name="Imaging team")
    rota = make_rota(hospital, thabo, sipho, nomvula, name="After hours")
    rota.layers.update(hours="Mon-Fri 00:00-07:00, 17:00-24:00; Sat-Sun 00:00-24:00")
    make_rota(hospital, sipho, thabo, name="Nights").layers.update(hours="Mon-Sun 18:00-06:00")
    Rota.objects.filter(name="Nights").update(hours="Mon-Sun 18:00-06:00")
    make_rota(None, nomvula, name="Second line")
    start = now + timedelta(days=2)
    Override.objects.create(rota=rota, user=nomvula, starts=start, ends=start + timedelta(hours=9), reason="Leave")
    swap = {"starts": now + timedelta(days=9), "ends": now + timedelta(days=10)}
    Swap.objects.create(rota=rota, proposer=thabo, other=nomvula, proposed_at=now, reason="A wedding", **swap)
    note = "CT 1 refuses C-MOVE since noon; the vendor comes tomorrow at eight."
    Handover.objects.create(rota=rota, author=thabo, shift_starts=now, written_at=now, text=note)
    holiday = Holiday.objects.create(organisation=hospital, day=now.date(), name="Founders’ day")
    return {"rota": rota.pk, "holiday": holiday.pk, "answerer": thabo.pk}


def rows() -> dict[str, Any]:
    """Fill the database. Returns the keys that the pages' addresses need."""
    now = datetime.now(UTC)
    hospital = make_organisation(slug="thusong", name="Thusong Provincial Hospital")
    make_organisation(slug="ubuntu", name="Ubuntu Radiology")
    site = make_site(hospital, slug="mthatha", name="Mthatha", hours="Mon-Sun 00:00-24:00")
    contact = Contact.objects.create(
        organisation=hospital, name="Sipho Gxowa", role="Head of IT", phone="+27 47 555 0110"
    )
    nomvula, sipho, gone = people(hospital)
    answers = history(site, now)
    return {
        **checks(nomvula, hospital, answers, now),
        **outages(answers, now),
        **alert_rows(site, (nomvula, sipho), now),
        **on_call(hospital, nomvula, sipho, now),
        **heartbeat_rows(site, now),
        **uptime_rows(site, now),
        "person": nomvula.pk,
        "other": sipho.pk,
        "gone": gone.pk,
        "interface": answers[0][0].pk,
        "contact": contact.pk,
        "event": AuditEvent.objects.latest("seq").seq,
    }


def page_names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every named address but the API's."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            if str(entry.pattern) != "api/":
                yield from page_names(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{prefix}{entry.name}"


def main() -> None:
    call_command("migrate", verbosity=0)
    keys = rows()
    server = waitress.create_server(application, host="127.0.0.1", port=0, threads=4)
    told = {
        "port": server.effective_port,
        "keys": keys,
        "names": sorted(page_names(get_resolver())),
        "administrator": ADMINISTRATOR,
        "operator": OPERATOR,
        "password": PASSWORD,
    }
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
