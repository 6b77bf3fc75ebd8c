"""What may be written down about an estate: pure decisions on values, shared by file, CSV, page and API."""

from umlindi.estate.rules.dependencies import circles, closure
from umlindi.estate.rules.hours import Span, opening_hours
from umlindi.estate.rules.interfaces import KINDS, InterfaceKind
from umlindi.estate.rules.readers import Wrong
from umlindi.estate.rules.records import RECORDS, Complaint, Field, Place, Record, complete, defaults, read_record

__all__ = [
    "KINDS",
    "RECORDS",
    "Complaint",
    "Field",
    "InterfaceKind",
    "Place",
    "Record",
    "Span",
    "Wrong",
    "circles",
    "closure",
    "complete",
    "defaults",
    "opening_hours",
    "read_record",
]
