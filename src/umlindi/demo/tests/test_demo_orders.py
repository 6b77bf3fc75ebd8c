from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.charset import encode_string
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from umlindi.demo import worklist
from umlindi.demo.orders import ZONE, all_orders, orders_of
from umlindi.demo.stations import STATIONS, Station
from umlindi.demo.studies import IMAGES, character_set, instances

DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31))
MOMENTS = st.builds(lambda day, at: datetime.combine(day, at, ZONE), DAYS, st.times())
HOSPITAL = [station for station in STATIONS if station.issuer == "TPH"]
PYTHON_CODECS = {"ISO_IR 192": "utf-8", "ISO_IR 100": "latin-1"}


@given(DAYS)
@settings(max_examples=15, deadline=None)
def test_accession_numbers_are_unique_and_fit_their_element(day: date) -> None:
    accessions = [order.accession for order in all_orders(day)]
    assert max(Counter(accessions).values()) == 1
    assert max(map(len, accessions)) <= 16


@given(DAYS, st.sampled_from(STATIONS))
@settings(max_examples=15, deadline=None)
def test_a_day_is_the_same_whenever_it_is_asked_for_and_stays_within_its_midnights(day: date, station: Station) -> None:
    orders = orders_of(day, station)
    assert orders == orders_of(day, station)
    assert {order.at.date() for order in orders} == {day}
    assert [order.at for order in orders] == sorted(order.at for order in orders)


@given(MOMENTS)
@settings(max_examples=25, deadline=None)
def test_the_worklist_is_never_empty_for_any_modality_of_the_hospital(now: datetime) -> None:
    """Else the estate would turn red by itself every night."""
    listed = Counter(order.station.ae for order in worklist.due(now) if order.at.date() == now.date())
    assert listed.keys() == {station.ae for station in HOSPITAL}


@given(DAYS)
@settings(max_examples=10, deadline=None)
def test_every_name_can_be_written_in_the_character_set_its_images_declare(day: date) -> None:
    for order in all_orders(day):
        codec = PYTHON_CODECS[character_set(order)]
        for name in (order.patient.name, order.referrer):
            assert encode_string(name, [codec]).decode(codec) == name


def test_refreshing_leaves_right_files_alone_and_removes_the_rest(tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 10, tzinfo=ZONE)
    orders = list(worklist.due(now))
    worklist.refresh(tmp_path, orders)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.wl")}
    assert len(before) == len(orders)
    worklist.refresh(tmp_path, orders[1:])
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.wl")}
    assert before.keys() - after.keys() == {f"{orders[0].accession}.wl"}
    assert after.items() <= before.items()


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.ae)
def test_a_study_is_whole_and_its_pictures_show_something(station: Station) -> None:
    order = orders_of(date(2026, 11, 24), station)[0]
    now = datetime(2026, 11, 24, 8, tzinfo=UTC) + timedelta(minutes=5)
    study = list(instances(order, now))
    assert len(study) == IMAGES[station.modality]
    assert {each.StudyInstanceUID for each in study} == {order.study_uid}
    assert len({each.SOPInstanceUID for each in study}) == len(study)
    for instance in study:
        read = _written_and_read(instance)
        pixels = read.pixel_array
        assert pixels.shape == (instance.Rows, instance.Columns)
        assert len(set(pixels.ravel().tolist())) > 100
        assert read.PatientName == order.patient.name
        assert read.AccessionNumber == order.accession


def _written_and_read(instance: pydicom.Dataset) -> pydicom.Dataset:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, instance)
    buffer.seek(0)
    read = pydicom.dcmread(buffer, force=True)
    read.file_meta = pydicom.dataset.FileMetaDataset()
    read.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return read
