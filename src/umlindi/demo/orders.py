"""The day's orders: which invented patient is expected at which modality when. The same day gives the same orders."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from umlindi.demo.people import Patient, clinician, patient
from umlindi.demo.stations import STATIONS, Procedure, Station

ZONE = ZoneInfo("Africa/Johannesburg")
OPEN, CLOSE = time(7), time(17)
# By night only emergencies come.
NIGHT_FACTOR = 5
_RECORDS = 40_000


@dataclass(frozen=True, slots=True)
class Order:
    """One examination ordered. `at` is aware, in the estate's zone; `study_uid` is what its images must carry."""

    accession: str
    patient: Patient
    station: Station
    procedure: Procedure
    at: datetime
    study_uid: str
    referrer: str


def uid(*parts: object) -> str:
    """A UID of the 2.25 root (PS3.5 B.2) that is the same for the same parts."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(map(str, ('umlindi demo', *parts)))).int}"


def orders_of(day: date, station: Station) -> list[Order]:
    """That station's orders from midnight to midnight, in time order."""
    dice = random.Random(f"{day}/{station.ae}")  # noqa: S311 - invented orders, not secrets
    return [_order(day, station, number, at, dice) for number, at in enumerate(_times(day, station, dice), 1)]


def all_orders(day: date) -> list[Order]:
    """Every station's orders of a day."""
    return [order for station in STATIONS for order in orders_of(day, station)]


def _times(day: date, station: Station, dice: random.Random) -> Iterator[datetime]:
    at = datetime.combine(day, time(), ZONE) + timedelta(minutes=dice.randrange(5, 30))
    while at.date() == day:
        yield at
        pause = station.every * (1 if OPEN <= at.time() < CLOSE else NIGHT_FACTOR)
        at += timedelta(minutes=pause * dice.uniform(0.6, 1.4))
        at = at.replace(second=0, microsecond=0)


def _order(day: date, station: Station, number: int, at: datetime, dice: random.Random) -> Order:
    accession = f"{station.issuer}{day:%y%m%d}{STATIONS.index(station) + 1}{number:03d}"
    return Order(
        accession=accession,
        patient=_whoever(station, dice),
        station=station,
        procedure=dice.choice(station.procedures),
        at=at,
        study_uid=uid("study", accession),
        referrer=clinician(dice),
    )


def _whoever(station: Station, dice: random.Random) -> Patient:
    """Somebody whose name the station can write."""
    first = dice.randrange(_RECORDS)
    candidates = (patient(station.issuer, first + step) for step in count())
    return next(found for found in candidates if found.latin1 or not station.latin1)
