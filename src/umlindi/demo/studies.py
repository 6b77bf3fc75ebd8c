"""The DICOM objects of an order: what a modality makes of it, and what the worklist says of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from umlindi.demo.images import phantoms
from umlindi.demo.orders import Order, uid

CLASSES = {
    "CT": UID("1.2.840.10008.5.1.4.1.1.2"),
    "MR": UID("1.2.840.10008.5.1.4.1.1.4"),
    "CR": UID("1.2.840.10008.5.1.4.1.1.1"),
    "DX": UID("1.2.840.10008.5.1.4.1.1.1.1"),
    "US": UID("1.2.840.10008.5.1.4.1.1.6.1"),
}
IMAGES = {"CT": 12, "MR": 12, "CR": 1, "DX": 1, "US": 3}
_DRAWN: dict[str, Callable[[int, float], phantoms.Pixels]] = {
    "CT": phantoms.ct,
    "MR": phantoms.mr,
    "CR": phantoms.cr,
    "DX": phantoms.cr,
    "US": phantoms.us,
}
_DEPTH = {"CT": 16, "MR": 12, "CR": 12, "DX": 12, "US": 8}
# Window centre and width that show the drawing as it is meant.
_WINDOW = {"CT": (40, 400), "MR": (500, 1000), "CR": (1800, 3600), "DX": (1800, 3600), "US": (128, 256)}


def character_set(order: Order) -> str:
    """ISO_IR 100 from an old device, else UTF-8 (PS3.3 C.12.1.1.2)."""
    return "ISO_IR 100" if order.station.latin1 else "ISO_IR 192"


def instances(order: Order, now: datetime) -> Iterator[Dataset]:
    """The study of an order as its modality sends it, drawn image by image; `now` is when it was acquired."""
    number = IMAGES[order.station.modality]
    for index in range(number):
        instance = _instance(order, index, now)
        _draw(instance, order, index / max(1, number - 1))
        yield instance


def _instance(order: Order, index: int, now: datetime) -> Dataset:
    dataset = Dataset()
    _identify(dataset, order)
    modality = order.station.modality
    dataset.SOPClassUID = CLASSES[modality]
    dataset.SOPInstanceUID = uid("image", order.accession, index)
    dataset.StudyInstanceUID = order.study_uid
    dataset.SeriesInstanceUID = uid("series", order.accession)
    dataset.FrameOfReferenceUID = uid("frame", order.accession)
    dataset.StudyID = order.accession[-4:]
    dataset.SeriesNumber, dataset.InstanceNumber = 1, index + 1
    for name in ("Study", "Series", "Content", "Acquisition"):
        setattr(dataset, f"{name}Date", f"{now:%Y%m%d}")
        setattr(dataset, f"{name}Time", f"{now:%H%M%S}")
    dataset.TimezoneOffsetFromUTC = f"{now:%z}"
    dataset.Modality = modality
    dataset.StationName = order.station.ae
    dataset.Manufacturer = order.station.maker
    dataset.ManufacturerModelName = order.station.model
    dataset.StudyDescription = dataset.SeriesDescription = order.procedure.description
    dataset.BodyPartExamined = order.procedure.body_part
    dataset.Laterality = order.procedure.side
    _place(dataset, modality, index)
    return dataset


def _identify(dataset: Dataset, order: Order) -> None:
    dataset.SpecificCharacterSet = character_set(order)
    dataset.PatientName = order.patient.name
    dataset.PatientID = order.patient.mrn
    dataset.IssuerOfPatientID = order.station.issuer
    dataset.PatientBirthDate = f"{order.patient.born:%Y%m%d}"
    dataset.PatientSex = order.patient.sex
    dataset.AccessionNumber = order.accession
    dataset.ReferringPhysicianName = order.referrer


def _place(dataset: Dataset, modality: str, index: int) -> None:
    """Where the image lies, for the modalities whose images lie somewhere."""
    if modality in {"CT", "MR"}:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImagePositionPatient = [-180.0, -180.0, 8.0 * index]
        dataset.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        dataset.PixelSpacing = [1.4, 1.4]
        dataset.SliceThickness, dataset.SliceLocation = 8.0, 8.0 * index
        dataset.PatientPosition = "HFS"
    elif modality in {"CR", "DX"}:
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.ViewPosition = "PA"
        dataset.ImagerPixelSpacing = [0.7, 0.7]
    if modality == "DX":
        dataset.PresentationIntentType = "FOR PRESENTATION"


def _draw(dataset: Dataset, order: Order, level: float) -> None:
    modality = order.station.modality
    pixels = _DRAWN[modality](zlib.crc32(order.patient.mrn.encode()), level)
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored = _DEPTH[modality]
    dataset.HighBit = _DEPTH[modality] - 1
    dataset.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
    dataset.WindowCenter, dataset.WindowWidth = _WINDOW[modality]
    if modality == "CT":
        dataset.RescaleIntercept, dataset.RescaleSlope = 0, 1
        dataset.RescaleType = "HU"
    dataset.add_new("PixelData", "OW" if dataset.BitsAllocated == 16 else "OB", pixels.tobytes())


def worklist_item(order: Order) -> Dataset:
    """A modality worklist entry (PS3.4 K.6.1.2)."""
    item = Dataset()
    _identify(item, order)
    item.StudyInstanceUID = order.study_uid
    item.RequestedProcedureID = order.accession
    item.RequestedProcedureDescription = order.procedure.description
    item.RequestedProcedurePriority = "ROUTINE"
    item.RequestingPhysician = order.referrer
    step = Dataset()
    step.ScheduledStationAETitle = order.station.ae
    step.ScheduledProcedureStepStartDate = f"{order.at:%Y%m%d}"
    step.ScheduledProcedureStepStartTime = f"{order.at:%H%M%S}"
    step.Modality = order.station.modality
    step.ScheduledPerformingPhysicianName = ""
    step.ScheduledProcedureStepDescription = order.procedure.description
    step.ScheduledStationName = order.station.ae
    step.ScheduledProcedureStepID = order.accession
    item.ScheduledProcedureStepSequence = Sequence([step])
    return item
