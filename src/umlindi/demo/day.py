"""The modalities' day: each order is examined at its time and its images are sent to the archive."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from pydicom.dataset import Dataset

from umlindi.demo.cast import ARCHIVES
from umlindi.demo.ground import Ground, write_atomically
from umlindi.demo.orders import ZONE, Order, orders_of
from umlindi.demo.stations import STATIONS, Station
from umlindi.demo.studies import CLASSES, instances
from umlindi.dicom import uids
from umlindi.dicom.aio import Endpoint, associate
from umlindi.probes import Fault

log = logging.getLogger(__name__)

# What a modality still holds of a day it could not send; on the first start, how much of the day it makes up for.
BACKLOG = 6
FIRST_BACKLOG = 3
LOOK_SECONDS = 15.0
SEND_SECONDS = 60.0
# Between two images: a modality takes its time, and the peers of this process answer meanwhile.
ACQUIRING_SECONDS = 0.15


class Day:
    """Sends what is due. What was sent is remembered in a file, so that a restart repeats nothing."""

    def __init__(self, ground: Ground, listens: Callable[[str], bool]) -> None:
        self._ground = ground
        self._listens = listens
        self._file = ground.folder / "sent.json"
        self._sent = _remembered(self._file)
        # One at a time: drawing takes memory, and the peers answer probes meanwhile.
        self._drawing = ThreadPoolExecutor(1, "drawing")

    async def run(self) -> None:
        """Until cancelled, every station beside the others."""
        async with asyncio.TaskGroup() as group:
            for station in STATIONS:
                group.create_task(self._work(station))

    async def _work(self, station: Station) -> None:
        while True:
            now = datetime.now(ZONE)
            for order in self.due(station, now):
                if not await self._examine(order):
                    break
                self._remember(station, order)
            await asyncio.sleep(LOOK_SECONDS)

    def due(self, station: Station, now: datetime) -> list[Order]:
        """Orders whose time has come and whose images have not been sent, oldest first."""
        last = self._sent.get(station.ae)
        days = (now.date() - timedelta(days=1), now.date())
        past = [order for day in days for order in orders_of(day, station) if order.at <= now]
        if last is None:
            return past[-FIRST_BACKLOG:]
        return [order for order in past if order.at > last][-BACKLOG:]

    async def _examine(self, order: Order) -> bool:
        """Acquire and send; False where the archive did not take all of it, which is tried again later."""
        if not self._listens(order.station.system):
            return False
        now = datetime.now(ZONE)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(order.station, instances(order, now))
        except (Fault, TimeoutError) as error:
            log.info("%s could not send to its archive: %s", order.station.ae, error or "no answer in time")
            return False
        return True

    async def _send(self, station: Station, images: Iterator[Dataset]) -> None:
        """Image by image, as each is drawn."""
        archive = ARCHIVES[station.archive]
        port = self._ground.port(archive.port_name)
        endpoint = Endpoint("127.0.0.1", port, called=archive.ae, calling=station.ae)
        loop = asyncio.get_running_loop()
        async with associate(endpoint, [(CLASSES[station.modality], uids.UNCOMPRESSED)]) as association:
            while (image := await loop.run_in_executor(self._drawing, next, images, None)) is not None:
                await association.store(image)
                await asyncio.sleep(ACQUIRING_SECONDS)

    def _remember(self, station: Station, order: Order) -> None:
        self._sent[station.ae] = order.at
        told = {ae: at.isoformat() for ae, at in self._sent.items()}
        write_atomically(self._file, json.dumps(told, indent=1))


def _remembered(path: Path) -> dict[str, datetime]:
    if not path.exists():
        return {}
    return {ae: datetime.fromisoformat(at) for ae, at in json.loads(path.read_text()).items()}
