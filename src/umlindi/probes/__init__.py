"""What every probe shares: faults that name their layer, a deadline, a ladder of steps, one result.

No Django and no protocol: `dicom`, `hl7` and `hosts` climb ladders made of these pieces, `diagnosis` reads
the results, and the command line prints them.
"""

from umlindi.probes.deadline import Deadline
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable
from umlindi.probes.ladder import Ladder
from umlindi.probes.results import Cause, Grade, ProbeResult, Severity, State, Step

__all__ = [
    "Cause",
    "Deadline",
    "Fault",
    "Grade",
    "Ladder",
    "Layer",
    "Permanent",
    "ProbeResult",
    "Retriable",
    "Severity",
    "State",
    "Step",
]
