"""Keeps the demo's archives small: invented studies older than two days make room for today's."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import logging
from datetime import date, datetime, timedelta

from umlindi.demo import cast
from umlindi.demo.cast import Archive
from umlindi.demo.ground import Ground
from umlindi.demo.orders import ZONE
from umlindi.demo.peers.orthanc import USER
from umlindi.demo.stations import STATIONS

log = logging.getLogger(__name__)

KEPT = timedelta(days=2)
EVERY_SECONDS = 3600.0
_AT_MOST_SECONDS = 20.0


async def keep_house(ground: Ground) -> None:
    """Until cancelled, look once an hour. dcmqrscp needs no help: it has a quota."""
    archives = [archive for archive in (cast.MTHATHA, cast.GQEBERHA) if cast.program("Orthanc")]
    while True:
        before = datetime.now(ZONE).date() - KEPT
        for archive in archives:
            try:
                await asyncio.to_thread(forget, ground, archive, before)
            except (OSError, http.client.HTTPException) as error:
                log.info("%s could not be tidied: %s", archive.ae, error)
        await asyncio.sleep(EVERY_SECONDS)


def forget(ground: Ground, archive: Archive, before: date) -> int:
    """Delete an Orthanc's studies of invented patients from before a day; how many. The probes' canary stays."""
    port = ground.port(f"{archive.port_name}-http")
    told = base64.b64encode(f"{USER}:{cast.password(ground, cast.SECRETS[archive.system])}".encode()).decode()
    headers = {"Authorization": f"Basic {told}", "Content-Type": "application/json"}
    issuer = next(station.issuer for station in STATIONS if station.archive == archive.system)
    until = before - timedelta(days=1)
    keys = {"StudyDate": f"-{until:%Y%m%d}", "PatientID": f"{issuer}*"}
    question = json.dumps({"Level": "Study", "Query": keys})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_AT_MOST_SECONDS)
    try:
        connection.request("POST", "/tools/find", question, headers)
        found = json.loads(connection.getresponse().read())
        for study in found:
            connection.request("DELETE", f"/studies/{study}", headers=headers)
            connection.getresponse().read()
    finally:
        connection.close()
    return len(found)
