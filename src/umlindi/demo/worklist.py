"""Keeps the worklist's files fresh: what was ordered for now, later today and tomorrow's first hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from umlindi.demo.orders import Order, orders_of
from umlindi.demo.stations import STATIONS
from umlindi.demo.studies import worklist_item

# An item stays this long after its time, and a station's last items stay whatever their age.
LINGERS = timedelta(hours=2)
AHEAD = timedelta(hours=8)
KEPT_AT_LEAST = 2
_WORKLIST_CLASS = UID("1.2.840.10008.5.1.4.31")
_ISSUER = "TPH"


def due(now: datetime) -> Iterator[Order]:
    """What the hospital's worklist holds at a moment: never nothing, for any of its modalities."""
    today, tomorrow = now.date(), now.date() + timedelta(days=1)
    for station in (each for each in STATIONS if each.issuer == _ISSUER):
        orders = orders_of(today, station)
        past = [order for order in orders if order.at <= now]
        yield from (order for order in past[:-KEPT_AT_LEAST] if order.at > now - LINGERS)
        yield from past[-KEPT_AT_LEAST:]
        yield from orders[len(past) :]
        yield from (order for order in orders_of(tomorrow, station) if order.at.hour < AHEAD.seconds // 3600)


def refresh(folder: Path, orders: Iterable[Order]) -> None:
    """Make the folder hold exactly these orders, without touching a file that is already right."""
    wanted = {f"{order.accession}.wl": order for order in orders}
    present = {path.name for path in folder.glob("*.wl")}
    for name in present - wanted.keys():
        (folder / name).unlink()
    for name in wanted.keys() - present:
        _write(folder / name, wanted[name])


def _write(path: Path, order: Order) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = _WORKLIST_CLASS
    meta.MediaStorageSOPInstanceUID = UID(order.study_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    draft = path.with_suffix(".new")
    FileDataset(str(draft), worklist_item(order), file_meta=meta, preamble=b"\0" * 128).save_as(
        draft, enforce_file_format=True
    )
    draft.replace(path)
