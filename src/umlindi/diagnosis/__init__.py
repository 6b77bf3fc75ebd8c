"""Names faults: from a probe's result or from a pasted log to ranked causes, each with its test and its safe fix.

No Django and no I/O but the reading of the catalogue. `docs/diagnosis.md` says how confidence is made and how
a rule is added.
"""

from umlindi.diagnosis.explaining import explain
from umlindi.diagnosis.loading import CatalogueError, load_catalogue
from umlindi.diagnosis.logs import Finding, LogReport, diagnose_log
from umlindi.diagnosis.redaction import Redactor, redact

__all__ = [
    "CatalogueError",
    "Finding",
    "LogReport",
    "Redactor",
    "diagnose_log",
    "explain",
    "load_catalogue",
    "redact",
]
