"""Every rule is shown by a line that a real program prints, or by the result of a probe."""

from __future__ import annotations

from pathlib import Path

import pytest

from umlindi.diagnosis import LogReport, diagnose_log, explain, load_catalogue, redact
from umlindi.probes import Layer, ProbeResult, Severity, State, Step

LOGS = Path(__file__).parent / "logs"
SAMPLES = sorted(LOGS.glob("*.log"))
PATIENT = ("DLAMINI", "THANDI", "8001015009087", "MOLEFE", "GP1118")

T, A, D, P, H = Layer.TRANSPORT, Layer.ASSOCIATION, Layer.DIMSE, Layer.APPLICATION, Layer.HOST


def ok(name: str, layer: Layer = T, **evidence: object) -> Step:
    return Step(name, State.OK, 1.0, layer, evidence=evidence)


def bad(
    name: str, layer: Layer, code: str, meaning: str = "", severity: Severity = Severity.FAILED, **evidence: object
) -> Step:
    return Step(name, State.FAILED, 1.0, layer, code, meaning, evidence, severity)


def result(*steps: Step, probe: str = "dicom", target: str = "ARCHIVE@10.1.2.3:104") -> ProbeResult:
    return ProbeResult(probe, target, steps)


def rules(found: ProbeResult) -> list[str]:
    return [cause.rule for cause in explain(found).diagnosis]


TCP = ok("tcp")
ECHO = ok("echo", D)
# What a probe saw, and the rules its diagnosis must name, first things first.
RESULTS = [
    (result(bad("resolve", T, "EAI_NONAME")), ["name-not-resolved"]),
    (result(bad("resolve", T, "EAI_AGAIN")), ["name-server-silent"]),
    (result(bad("tcp", T, "ECONNREFUSED")), ["connection-refused"]),
    (result(bad("tcp", T, "EHOSTUNREACH")), ["no-route"]),
    (result(bad("tcp", T, "TIMEOUT")), ["connect-timeout"]),
    (result(bad("tcp", T, "EPERM")), ["connecting-not-permitted"]),
    (result(bad("tcp", T, "LOSS", severity=Severity.DEGRADED), ECHO), ["packet-loss"]),
    (result(TCP, bad("association", A, "RJ 1/1/7")), ["called-ae-not-recognised"]),
    (result(TCP, bad("association", A, "RJ 1/1/3")), ["calling-ae-not-recognised"]),
    (result(TCP, bad("association", A, "RJ 2/3/1")), ["association-limit"]),
    (result(TCP, bad("association", A, "RJ 2/3/2")), ["association-limit"]),
    (result(TCP, bad("association", A, "RJ 1/1/2")), ["protocol-not-supported"]),
    (result(TCP, bad("association", A, "RJ 1/1/1")), ["rejected-without-reason"]),
    (result(TCP, bad("association", A, "TIMEOUT")), ["host-silent"]),
    (result(TCP, bad("association", A, "CLOSED")), ["closed-at-association"]),
    (result(TCP, bad("association", A, "GARBAGE", "this looks like HTTP")), ["port-speaks-http"]),
    (result(TCP, bad("association", A, "GARBAGE", looks_like="TLS")), ["plain-to-tls-port"]),
    (result(TCP, bad("association", A, "GARBAGE", looks_like="HL7 (MLLP)")), ["port-speaks-hl7"]),
    (result(TCP, bad("association", A, "GARBAGE", "an unknown protocol")), ["not-dicom"]),
    (result(TCP, bad("association", A, "AB 0/0")), ["aborted"]),
    (result(TCP, bad("association", A, "AB 2/2")), ["protocol-abort"]),
    (result(TCP, bad("association", A, "wrong-identity")), ["wrong-identity"]),
    (result(TCP, bad("store", A, "PC 4")), ["transfer-syntax-unsupported"]),
    (result(TCP, bad("store", A, "PC 3")), ["sop-class-unsupported"]),
    (result(TCP, bad("store", A, "PC 1")), ["no-context-accepted"]),
    (result(TCP, ECHO, bad("find", D, "0122")), ["query-refused"]),
    (result(TCP, ECHO, bad("find", D, "0124")), ["query-refused"]),
    (result(TCP, ECHO, bad("find", D, "A900")), ["query-not-understood"]),
    (result(TCP, ECHO, bad("find", D, "C000")), ["query-fails"]),
    (result(TCP, ECHO, bad("find", D, "A700")), ["query-cut-off"]),
    (result(TCP, ECHO, bad("find", D, "0110")), ["service-fault"]),
    (result(TCP, bad("echo", D, "0213")), ["request-refused"]),
    (result(TCP, ECHO, bad("find", D, "NO-CANCEL", severity=Severity.DEGRADED)), ["query-not-cancelled"]),
    (result(TCP, ECHO, bad("find", D, "GARBAGE", "the peer breaks the DIMSE protocol")), ["protocol-abort"]),
    (result(TCP, ok("worklist", D, items=0)), ["worklist-empty"]),
    (result(TCP, bad("worklist", D, "EMPTY", severity=Severity.DEGRADED, missing=["CT"])), ["worklist-empty"]),
    (result(TCP, bad("worklist", D, "A700")), ["worklist-fails"]),
    (result(TCP, bad("store", D, "A700")), ["storing-fails"]),
    (result(TCP, bad("store", D, "A700", "Refused: no space left on device")), ["storage-full"]),
    (result(TCP, bad("store", D, "A900")), ["dataset-mismatch"]),
    (result(TCP, bad("store", D, "C123")), ["cannot-understand"]),
    (result(TCP, bad("store", D, "C211")), ["handler-fault"]),
    (result(TCP, bad("store", D, "0111")), ["duplicate-instance"]),
    (result(TCP, bad("store", D, "0124")), ["not-authorised"]),
    (result(TCP, bad("store", D, "B000", severity=Severity.DEGRADED)), ["stored-but-changed"]),
    (result(TCP, bad("store", D, "A779")), ["demographics-mismatch"]),
    (result(TCP, bad("store", D, "TIMEOUT")), ["exchange-stalled"]),
    (result(TCP, ok("store", D), bad("move", D, "A801", destination="WS1")), ["move-destination-unknown"]),
    (result(TCP, ok("store", D), bad("move", D, "A702")), ["retrieval-fails"]),
    (result(TCP, ok("store", D), bad("move", D, "TIMEOUT")), ["retrieval-fails"]),
    (result(TCP, bad("move", D, "B000", failed=2)), ["move-incomplete"]),
    (result(TCP, bad("move", Layer.DATA, "INCOMPLETE", missing=1)), ["study-incomplete"]),
    (result(TCP, bad("move", T, "EADDRINUSE")), ["own-port-taken"]),
    (result(TCP, bad("get", Layer.DATA, "CHANGED")), ["file-corrupt"]),
    (result(TCP, ok("move", D, per_object_ms=[41.0, 39.9, 44.2], last_ms=130.0)), ["small-packets-delayed"]),
    (result(TCP, ok("store", D, per_object_ms=[41.0, 39.9, 44.2])), ["answers-delayed"]),
    (
        result(TCP, ok("store", D, per_object_ms=[41.0, 40.0, 44.2]), ok("get", D, per_object_ms=[2.0, 1.0, 2.0])),
        ["only-storing-delayed"],
    ),
    (
        result(TCP, Step("echo", State.OK, 41.0, D), Step("store", State.SKIPPED, None, D)),
        ["echo-delayed"],
    ),
    (result(TCP, bad("move", D, "A702", listener="on a free port, since none was given")), ["move-port-not-given"]),
    (result(TCP, ok("move", D, per_object_ms=[2.0, 1.0, 2.0], last_ms=9000.0)), ["slow-retrieval"]),
    (result(TCP, bad("remove", P, "HTTP 403", severity=Severity.DEGRADED)), ["canary-left-behind"]),
    (result(TCP, bad("wado", P, "HTTP 404")), ["study-not-found"]),
    (result(TCP, bad("wado", P, "HTTP")), ["web-unreachable"]),
    (result(TCP, bad("tls", Layer.TLS, "ECONNRESET")), ["not-tls", "tls-handshake-failed"]),
    (result(TCP, bad("tls", Layer.TLS, "TIMEOUT")), ["not-tls", "tls-handshake-failed"]),
    (result(TCP, bad("tls", Layer.TLS, "NOT-TLS")), ["not-tls"]),
    (result(TCP, ok("store", D), bad("move", D, "C000")), ["retrieval-fails", "move-destination-unknown"]),
    (result(TCP, bad("message", P, "AE/204"), probe="hl7"), ["hl7-test-unknown-key"]),
    (result(TCP, bad("message", P, "AE/205"), probe="hl7"), ["hl7-test-duplicate-key"]),
    (result(TCP, bad("message", P, "AR/103"), probe="hl7"), ["hl7-test-content-refused"]),
    (result(TCP, bad("message", P, "AR/201"), probe="hl7"), ["hl7-type-refused"]),
    (result(TCP, bad("message", P, "AE"), probe="hl7"), ["hl7-refused"]),
    (result(TCP, bad("message", P, "TIMEOUT"), probe="hl7"), ["hl7-silent"]),
    (result(TCP, bad("message", P, "CLOSED"), probe="hl7"), ["hl7-hung-up"]),
    (result(TCP, bad("message", P, "NOT-HL7"), probe="hl7"), ["not-hl7"]),
    (result(TCP, bad("message", Layer.WORKFLOW, "ACK-MISMATCH"), probe="hl7"), ["ack-mismatch"]),
    (result(bad("expiry", Layer.TLS, "certificate-expired"), probe="tls"), ["certificate-expired"]),
    (
        result(bad("expiry", Layer.TLS, "expires-soon", severity=Severity.DEGRADED), probe="tls"),
        ["certificate-expiring"],
    ),
    (result(bad("chain", Layer.TLS, "unknown-ca"), probe="tls"), ["unknown-ca"]),
    (result(bad("name", Layer.TLS, "hostname-mismatch"), probe="tls"), ["hostname-mismatch"]),
    (
        result(bad("versions", Layer.TLS, "old-protocol", severity=Severity.DEGRADED), probe="tls"),
        ["tls-version-too-old"],
    ),
    (result(bad("http", P, "HTTP 401"), probe="web"), ["sign-in-refused"]),
    (result(bad("http", P, "HTTP 502"), probe="web"), ["web-service-fails"]),
    (result(bad("qido", P, "HTTP 404"), probe="web"), ["web-path-wrong"]),
    (result(bad("qido", Layer.DATA, "NOT-JSON"), probe="web"), ["web-answer-unexpected"]),
    (result(bad("tcp", T, "ECONNREFUSED"), probe="sql"), ["database-refuses"]),
    (result(bad("connect", P, "57P03"), probe="sql"), ["database-refuses"]),
    (result(bad("connect", P, "28P01"), probe="sql"), ["database-sign-in"]),
    (result(bad("query", P, "42P01"), probe="sql"), ["database-query-fails"]),
    (result(bad("disk:/data", H, "disk-full", used_share=0.995), probe="host"), ["disk-full"]),
    (result(bad("disk:/data", H, "disk-nearly-full", used_share=0.91), probe="host"), ["disk-nearly-full"]),
    (result(bad("cpu", H, "cpu-busy"), probe="host"), ["cpu-high"]),
    (result(bad("memory", H, "memory-nearly-full"), probe="host"), ["memory-high"]),
    (result(bad("offset", H, "clock-skew", offset_s=412.0), probe="time"), ["clock-skew"]),
    (result(bad("ntp", P, "TIMEOUT"), probe="time"), ["time-server-silent"]),
    (result(bad("ntp", T, "ECONNREFUSED"), probe="time"), ["time-server-silent"]),
    (result(bad("connect", P, "SQLITE_CANTOPEN"), probe="sql"), ["database-file-shut"]),
    (result(bad("query", P, "SQLITE_CORRUPT"), probe="sql"), ["database-damaged"]),
    (result(bad("connect", P, "NOT-DATABASE"), probe="sql"), ["not-a-database"]),
    (result(bad("settings", Layer.DATA, "NOT-SETTINGS"), probe="orthanc"), ["settings-unreadable"]),
    (result(bad("status", H, "on-battery", severity=Severity.DEGRADED), probe="ups"), ["on-battery"]),
    (result(bad("status", H, "low-battery"), probe="ups"), ["low-battery"]),
    (result(bad("identity", P, "wrong-identity"), probe="orthanc"), ["wrong-identity"]),
    (result(bad("hazard:recycle", P, "recycle"), probe="orthanc"), ["hazard-recycling"]),
    (result(bad("hazard:authentication", P, "no-authentication"), probe="orthanc"), ["hazard-open-access"]),
    (result(bad("hazard:overwrite", P, "no-overwrite"), probe="orthanc"), ["hazard-overwrite-off"]),
    (result(bad("hazard:listening", P, "listening-everywhere"), probe="orthanc"), ["hazard-listening-everywhere"]),
    (
        result(bad("hazard:default-credentials", P, "default-credentials"), probe="orthanc"),
        ["hazard-default-credentials"],
    ),
]


def expected(sample: Path) -> set[str]:
    named = sample.read_text(encoding="utf-8").splitlines()[1].removeprefix("# expects: ")
    return set() if named == "nothing" else set(named.split(", "))


def report_of(sample: Path) -> LogReport:
    return diagnose_log(sample.read_text(encoding="utf-8").split("\n")[2:])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_names_its_cause_and_nothing_else(sample: Path) -> None:
    assert {finding.cause.rule for finding in report_of(sample).findings} == expected(sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_no_patient_of_a_sample_survives(sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    shown = redact(text) + "".join(line for finding in report_of(sample).findings for _, line in finding.lines)
    assert not [word for word in PATIENT if word in shown]
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(("found", "named"), RESULTS, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_a_result_names_its_cause_and_nothing_else(found: ProbeResult, named: list[str]) -> None:
    assert rules(found) == named


def test_every_rule_has_a_sample_or_a_result() -> None:
    shown = {rule for sample in SAMPLES for rule in expected(sample)} | {rule for _, named in RESULTS for rule in named}
    assert {rule.id for rule in load_catalogue().rules} <= shown


def test_a_full_disk_on_the_archives_host_decides_what_a700_means() -> None:
    refused = result(TCP, bad("store", D, "A700"))
    host = result(bad("disk:/data", H, "disk-nearly-full", used_share=0.96), probe="host", target="localhost")
    assert [cause.rule for cause in explain(refused, {"host": host}).diagnosis] == ["storage-full"]
    assert explain(refused).diagnosis[0].confidence < explain(refused, {"host": host}).diagnosis[0].confidence


def test_texts_name_titles_addresses_and_codes() -> None:
    [cause] = explain(result(TCP, bad("association", A, "RJ 1/1/7"))).diagnosis
    assert cause.title == "10.1.2.3 does not answer to the AE title ARCHIVE"
    [cause] = explain(result(TCP, bad("move", D, "A801", destination="WS1"))).diagnosis
    assert "WS1" in cause.title


def test_what_failed_ranks_before_what_is_degraded_and_lower_layers_first() -> None:
    found = result(
        bad("tls", Layer.TLS, "expires-soon", severity=Severity.DEGRADED),
        ok("store", D),
        bad("move", D, "A801"),
        bad("find", A, "PC 4"),
    )
    assert rules(found) == ["transfer-syntax-unsupported", "move-destination-unknown", "certificate-expiring"]


def test_a_fault_overcome_later_in_the_log_is_still_told_but_doubted() -> None:
    [finding] = report_of(LOGS / "dcmtk-retry-succeeds.log").findings
    [alone] = report_of(LOGS / "dcmtk-echoscu-refused.log").findings
    assert finding.recovered
    assert not alone.recovered
    assert finding.cause.confidence < alone.cause.confidence


def test_objects_that_waited_unevenly_are_a_busy_machine_not_the_40_ms_signature() -> None:
    uneven = result(TCP, ok("move", D, per_object_ms=[18.0, 44.0, 90.0], last_ms=152.0))
    assert explain(uneven).diagnosis == ()


def test_a_wrong_title_is_told_beside_the_one_that_the_rest_interface_of_that_port_gives() -> None:
    rejected = result(TCP, bad("association", A, "RJ 1/1/7"), target="MTHATHA@10.1.2.3:104")

    def cause(**facts: object) -> str:
        orthanc = ProbeResult("orthanc", "http://10.1.2.3:8042", (), facts)
        return explain(rejected, {"rest": orthanc}).diagnosis[0].cause

    assert "it now calls itself MTHATHA_OLD." in cause(ae_title="MTHATHA_OLD", dicom_port=104)
    for other in ({"ae_title": "OTHER", "dicom_port": 105}, {"ae_title": "MTHATHA", "dicom_port": 104}, {}):
        assert "REST" not in cause(**other)
