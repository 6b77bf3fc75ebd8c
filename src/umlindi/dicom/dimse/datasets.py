"""Data sets between pydicom and the wire."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Callable
from io import BytesIO

from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import UID

from umlindi.probes.faults import Layer, Permanent

# A peer's values are not ours to complain about, and pydicom's complaints would quote them in a log (law 6).
config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").disabled = True

# What pydicom's readers and value converters raise for bytes that are no data set (found by fuzzing).
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


def encode_dataset(dataset: Dataset, transfer: str) -> bytes:
    """Group 0008 and above in an uncompressed little-endian transfer syntax, or in the data set's own."""
    syntax = UID(transfer)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax.is_implicit_VR
    buffer.is_little_endian = syntax.is_little_endian
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def decode_dataset(data: bytes, transfer: str) -> Dataset:
    """Read every value now. Raises `Permanent` (layer data) where the bytes are no data set in that transfer syntax."""
    syntax = UID(transfer)
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    return _read(lambda: read_dataset(BytesIO(data), implicit, little), f"a data set in {syntax.name}")


def decode_file(data: bytes) -> Dataset:
    """The same for a DICOM file (PS3.10)."""
    return _read(lambda: dcmread(BytesIO(data)), "a DICOM file")


def _read(read: Callable[[], Dataset], what: str) -> Dataset:
    """pydicom converts values when they are first looked at; looking now keeps its errors here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = read()
            for _ in dataset.iterall():
                continue
    except _UNREADABLE as error:
        raise Permanent(Layer.DATA, "GARBAGE", f"what came is not {what} ({type(error).__name__})") from error
    return dataset
