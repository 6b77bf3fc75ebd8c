"""The verbs of the estate: the only code that changes it."""

from umlindi.estate.services.exporting import export_estate
from umlindi.estate.services.importing import ImportRefused, ImportReport, Problem, import_estate
from umlindi.estate.services.titles import import_titles
from umlindi.estate.services.verbs import (
    ChangedMeanwhile,
    Invalid,
    StoodUpon,
    add,
    change,
    depend,
    fingerprint,
    release,
    remove,
)

__all__ = [
    "ChangedMeanwhile",
    "ImportRefused",
    "ImportReport",
    "Invalid",
    "Problem",
    "StoodUpon",
    "add",
    "change",
    "depend",
    "export_estate",
    "fingerprint",
    "import_estate",
    "import_titles",
    "release",
    "remove",
]
