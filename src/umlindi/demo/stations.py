"""The modalities of the estate: what each is, what it does in a day, and where its images go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Procedure:
    """A kind of examination. `side` is Laterality (0020,0060) or empty."""

    code: str
    description: str
    body_part: str
    side: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """A modality. `issuer` prefixes record and accession numbers; `every` is minutes between patients by day.

    `latin1` marks an older device that can write ISO_IR 100 only and sees no patient whose name needs more.
    """

    system: str
    ae: str
    modality: str
    issuer: str
    archive: str
    every: int
    maker: str
    model: str
    procedures: tuple[Procedure, ...]
    latin1: bool = False

    @property
    def port_name(self) -> str:
        return self.system.rsplit("/", 1)[1]


_CT = (
    Procedure("CTCHEST", "CT Chest with contrast", "CHEST"),
    Procedure("CTPE", "CT Pulmonary angiogram", "CHEST"),
    Procedure("CTTHX", "CT Thorax, trauma", "CHEST"),
)
_MR = (Procedure("MRBRAIN", "MR Brain", "HEAD"), Procedure("MREPI", "MR Brain, epilepsy protocol", "HEAD"))
_CHEST = (Procedure("CXR", "Chest PA", "CHEST"), Procedure("CXRTB", "Chest PA, TB contact", "CHEST"))
_US = (
    Procedure("USABD", "Ultrasound Abdomen", "ABDOMEN"),
    Procedure("USKIDL", "Ultrasound Kidney, left", "KIDNEY", "L"),
    Procedure("USKIDR", "Ultrasound Kidney, right", "KIDNEY", "R"),
)

STATIONS = (
    Station("thusong/mthatha/ct1", "TPH_CT1", "CT", "TPH", "thusong/mthatha/pacs", 20, "Invented", "Axial 64", _CT),
    Station("thusong/mthatha/mr1", "TPH_MR1", "MR", "TPH", "thusong/mthatha/pacs", 40, "Invented", "Field 1.5", _MR),
    Station(
        "thusong/komani/cr1", "TPH_CR1", "CR", "TPH", "thusong/komani/archive", 12, "Invented", "Plate 2", _CHEST, True
    ),
    Station("thusong/qhamani/us1", "TPH_US1", "US", "TPH", "thusong/mthatha/pacs", 25, "Invented", "Sector C5", _US),
    Station("ubuntu/gqeberha/ct2", "UBU_CT2", "CT", "UBR", "ubuntu/gqeberha/pacs", 30, "Invented", "Axial 128", _CT),
    Station("ubuntu/makhanda/dx2", "UBU_DX2", "DX", "UBR", "ubuntu/gqeberha/pacs", 15, "Invented", "Panel 43", _CHEST),
    Station(
        "ubuntu/jeffreys-bay/us2", "UBU_US2", "US", "UBR", "ubuntu/gqeberha/pacs", 25, "Invented", "Sector L9", _US
    ),
)
