"""Records the samples in `logs/` that real programs on this machine can give: run it by hand, look at the difference.

Every sample is what a program printed while a fault was made for it on purpose, with invented patients. Each begins
with a header: which program said it, and which rules the diagnosis must name (none for a healthy exchange).

    python -m umlindi.diagnosis.tests.record [NAME…]
"""

from __future__ import annotations

import sys

from umlindi.diagnosis.tests import record_dcmtk, record_openssl, record_orthanc, record_pynetdicom, record_system
from umlindi.diagnosis.tests.recording import LOGS, record

SCENARIOS = (record_dcmtk, record_openssl, record_pynetdicom, record_orthanc, record_system)

if __name__ == "__main__":
    LOGS.mkdir(exist_ok=True)
    record(sys.argv[1:])
