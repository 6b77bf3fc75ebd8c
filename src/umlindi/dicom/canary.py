"""The canary study: three drawn Secondary Capture images of a patient who does not exist.

Its UIDs are derived from the calling AE title alone, so that probing again never adds a study. What comes back from
an archive must be the same set of instances with the same pixels.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset

from umlindi.dicom import uids

INSTANCES = 3
SIDE = 512
PATIENT_NAME = "UMLINDI^CANARY"
PATIENT_ID = "UMLINDI-CANARY"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "canary.umlindi")


@dataclass(frozen=True, slots=True)
class Canary:
    """The study of one calling AE title."""

    calling: str
    study_uid: str = field(init=False)
    series_uid: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "study_uid", _uid(self.calling, "study"))
        object.__setattr__(self, "series_uid", _uid(self.calling, "series"))

    def instance_uid(self, number: int) -> str:
        return _uid(self.calling, f"instance {number}")

    def datasets(self) -> list[Dataset]:
        """The three instances, uncompressed."""
        return [self._dataset(number) for number in range(1, INSTANCES + 1)]

    def hashes(self) -> dict[str, str]:
        """SOP Instance UID to the SHA-256 of the pixels, as they must come back."""
        return {self.instance_uid(n): pixel_hash(pixels(n)) for n in range(1, INSTANCES + 1)}

    def _dataset(self, number: int) -> Dataset:
        dataset = Dataset()
        _identify(dataset, self, number)
        _describe_pixels(dataset)
        dataset.add_new(0x7FE00010, "OB", pixels(number))
        return dataset


def _identify(dataset: Dataset, canary: Canary, number: int) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = uids.SECONDARY_CAPTURE
    dataset.SOPInstanceUID = canary.instance_uid(number)
    dataset.StudyDate = "20000101"
    dataset.StudyTime = "000000"
    dataset.AccessionNumber = ""
    dataset.Modality = "OT"
    dataset.ConversionType = "SYN"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Umlindi canary: a test of this archive"
    dataset.PatientName = PATIENT_NAME
    dataset.PatientID = PATIENT_ID
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.StudyInstanceUID = canary.study_uid
    dataset.SeriesInstanceUID = canary.series_uid
    dataset.StudyID = "CANARY"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = number
    dataset.PatientOrientation = ""


def _describe_pixels(dataset: Dataset) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = SIDE
    dataset.Columns = SIDE
    dataset.BitsAllocated = 8
    dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.BurnedInAnnotation = "NO"


@cache
def pixels(number: int) -> bytes:
    """A drawn bird on a graded sky, its wing higher in each instance; one byte a pixel, row by row."""
    sky = np.linspace(32, 160, SIDE, dtype=np.uint8)
    image = Image.fromarray(np.repeat(sky[:, np.newaxis], SIDE, axis=1))
    draw = ImageDraw.Draw(image)
    draw.ellipse((160, 220, 340, 320), fill=230)
    draw.ellipse((310, 180, 390, 260), fill=230)
    draw.polygon([(388, 212), (430, 224), (388, 232)], fill=250)
    draw.ellipse((352, 208, 364, 220), fill=10)
    draw.polygon([(200, 260), (290, 260), (180, 250 - 60 * number)], fill=190)
    draw.text((16, 480), f"UMLINDI CANARY {number}", fill=255)
    return image.tobytes()


def pixel_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _uid(calling: str, what: str) -> str:
    """A UUID-derived UID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, f'{calling}|{what}').int}"
