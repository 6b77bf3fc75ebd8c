"""Data sets from the wire: read, or refused with a clear fault, whatever the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.dicom import uids
from umlindi.dicom.canary import Canary
from umlindi.dicom.dimse.datasets import decode_dataset, decode_file, encode_dataset
from umlindi.probes import Layer, Permanent

SYNTAXES = pytest.mark.parametrize("transfer", uids.UNCOMPRESSED)
SMALL = Canary("UMLINDI").datasets()[0]
del SMALL.PixelData
VRS = [b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"OB", b"OW", b"PN", b"SH", b"SL"]
VRS += [b"SQ", b"SS", b"ST", b"SV", b"TM", b"UC", b"UI", b"UL", b"UN", b"UR", b"US", b"UT", b"UV"]


@SYNTAXES
def test_a_data_set_comes_back_as_it_was_encoded(transfer: str) -> None:
    assert decode_dataset(encode_dataset(SMALL, transfer), transfer) == SMALL


@SYNTAXES
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_data_set_or_a_fault(transfer: str, data: bytes) -> None:
    read_or_refused(data, transfer)


@SYNTAXES
@given(position=st.integers(0, 2000), value=st.integers(0, 255))
def test_one_changed_byte_gives_a_data_set_or_a_fault(transfer: str, position: int, value: int) -> None:
    data = bytearray(encode_dataset(SMALL, transfer))
    data[position % len(data)] = value
    read_or_refused(bytes(data), transfer)


@given(group=st.sampled_from([8, 0x10, 0x20, 0x40]), vr=st.sampled_from(VRS), value=st.binary(max_size=60))
def test_any_value_of_any_vr_is_read_or_refused(group: int, vr: bytes, value: bytes) -> None:
    head = group.to_bytes(2, "little") + b"\x20\x00" + vr
    long = vr in (b"OB", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
    length = b"\0\0" + len(value).to_bytes(4, "little") if long else len(value).to_bytes(2, "little")
    read_or_refused(head + length + value, uids.EXPLICIT_VR_LE)


def test_sequences_nested_without_end_are_refused() -> None:
    opening = b"\x40\x00\x00\x01SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    read_or_refused(opening * 5000, uids.EXPLICIT_VR_LE)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_dicom_file_or_a_fault(data: bytes) -> None:
    for start in (b"", bytes(128) + b"DICM"):
        try:
            decode_file(start + data)
        except Permanent as fault:
            assert fault.layer is Layer.DATA


def read_or_refused(data: bytes, transfer: str) -> None:
    try:
        decode_dataset(data, transfer)
    except Permanent as fault:
        assert (fault.layer, fault.code) == (Layer.DATA, "GARBAGE")
