from __future__ import annotations

from typing import Any

import pytest

from umlindi.watch.wording import first_failure, headline


def failing(step: str, code: str, severity: str = "failed", **evidence: Any) -> dict[str, Any]:
    return {"step": step, "state": "failed", "severity": severity, "code": code, "evidence": evidence}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (failing("tcp", "ECONNREFUSED"), "refuses connections"),
        (failing("tcp", "EPIPE"), "cannot be reached"),
        (failing("move", "A801"), "refuses every retrieve"),
        (failing("move", "SLOW"), "is slow to send images back"),
        (failing("disk:/var/lib/orthanc", "disk-full", used_share=0.914), "has its disk /var/lib/orthanc 91 % full"),
        (failing("disk:/", "disk-full"), "has its disk / nearly full"),
        (failing("hazard:default-credentials", "x"), "has a dangerous setting: default credentials"),
        (failing("worklist", "EMPTY", missing=["CT", "MR"]), "has no order for CT and MR"),
        (failing("worklist", "A900"), "gives no worklist"),
        (failing("settings", "not-probeable"), "cannot be probed as it is set up"),
        (None, "has not been heard from"),
    ],
)
def test_a_failing_step_in_the_words_of_who_rings(step: dict[str, Any] | None, said: str) -> None:
    assert headline(step) == said


def test_the_first_failure_is_the_lowest_of_the_worst() -> None:
    degraded, down = failing("capabilities", "PC 4", "degraded"), failing("find", "A700")
    fine = {"step": "tcp", "state": "ok", "severity": None}
    assert first_failure({"steps": [fine, degraded, down]}) == down
    assert first_failure({"steps": [fine, degraded]}) == degraded
    assert first_failure({"steps": [fine]}) is None
    assert first_failure({}) is None
