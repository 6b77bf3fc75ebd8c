"""Data sets between pydicom and the wire."""

from __future__ import annotations

from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import UID

from umlindi.probes.faults import Layer, Permanent


def encode_dataset(dataset: Dataset, transfer: str) -> bytes:
    """Group 0008 and above in an uncompressed little-endian transfer syntax, or in the data set's own."""
    syntax = UID(transfer)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax.is_implicit_VR
    buffer.is_little_endian = syntax.is_little_endian
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def decode_dataset(data: bytes, transfer: str) -> Dataset:
    """Raises `Permanent` (layer data) where the bytes are not a data set in that transfer syntax."""

    syntax = UID(transfer)
    try:
        return read_dataset(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    except (BytesLengthException, EOFError, KeyError, NotImplementedError, OSError, ValueError) as error:
        raise Permanent(
            Layer.DATA, "GARBAGE", f"the peer's answer is not a data set in {syntax.name}: {type(error).__name__}"
        ) from error
