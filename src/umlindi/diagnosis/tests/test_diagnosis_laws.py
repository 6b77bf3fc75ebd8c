"""Laws of the engine and of redaction, over any input."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st

from umlindi.diagnosis import Redactor, diagnose_log, explain, load_catalogue, redact
from umlindi.diagnosis.ranking import Claim, competing, rank
from umlindi.diagnosis.reading import Unusable, text_lines
from umlindi.diagnosis.redaction import luhn_valid
from umlindi.probes import Layer, ProbeResult, Severity, State, Step

CODES = [
    "",
    "A700",
    "A801",
    "RJ 1/1/7",
    "RJ 2/3/1",
    "TIMEOUT",
    "CLOSED",
    "GARBAGE",
    "AE/204",
    "PC 4",
    "0110",
    "HTTP 401",
]
NAMES = ["resolve", "tcp", "association", "echo", "find", "store", "move", "worklist", "message", "disk:/", "connect"]
VALUES = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.floats(), max_size=5), st.booleans()
)
EVIDENCE = st.dictionaries(
    st.sampled_from(["per_object_ms", "last_ms", "matches", "called", "used_share", "x"]), VALUES
)
FAMILY = ["Dlamini", "VAN DER MERWE", "Nkosi", "O'Brien", "Naidoo", "MOLEFE", "Mthembu-Zulu"]
GIVEN = ["Thandi", "PIETER", "Sipho", "Priya", "KAGISO", "Ayanda"]
FAULTY = [
    "F: Reason: Called AE Title Not Recognized",
    "E: TCP Initialisation Error: [Errno 111] Connection refused",
    "D: Message Type : C-STORE RSP",
    "D: DIMSE Status : 0xa700: Refused: Out of resources",
    "MSA|AE|1",
    "ERR||PID^1^3|204^Unknown key identifier^HL70357|E",
    "I: Association Accepted (Max Send PDV: 16372)",
]


@st.composite
def steps(draw: st.DrawFn, states: list[State]) -> Step:
    state = draw(st.sampled_from(states))
    severity = draw(st.sampled_from(Severity)) if state is State.FAILED else None
    code = draw(st.one_of(st.sampled_from(CODES), st.text(max_size=8)))
    ms = draw(st.one_of(st.none(), st.floats()))
    layer = draw(st.sampled_from(Layer))
    return Step(
        draw(st.sampled_from(NAMES)), state, ms, layer, code, draw(st.text(max_size=30)), draw(EVIDENCE), severity
    )


def results(states: list[State]) -> st.SearchStrategy[ProbeResult]:
    probes = st.sampled_from(["dicom", "hl7", "sql", "host"])
    return st.builds(ProbeResult, probes, st.text(max_size=30), st.lists(steps(states), max_size=8).map(tuple))


@st.composite
def sa_ids(draw: st.DrawFn) -> str:
    digits = (
        draw(st.dates()).strftime("%y%m%d") + f"{draw(st.integers(0, 9999)):04}" + draw(st.sampled_from(["08", "18"]))
    )
    return next(f"{digits}{check}" for check in range(10) if luhn_valid(f"{digits}{check}"))


@given(results(list(State)))
def test_explaining_never_raises_and_says_the_same_each_time(result: ProbeResult) -> None:
    first, second = explain(result), explain(result)
    assert first == second
    assert all(0 < cause.confidence <= 1 for cause in first.diagnosis)
    named = [cause.rule for cause in first.diagnosis]
    assert len(named) == len(set(named))


@given(results([State.OK, State.SKIPPED]))
def test_a_result_without_a_fault_or_a_telling_figure_yields_nothing(result: ProbeResult) -> None:
    plain = tuple(Step(step.step, step.state, step.ms, step.layer, step.code) for step in result.steps)
    assert explain(ProbeResult(result.probe, result.target, plain)).diagnosis == ()


@given(st.lists(st.sampled_from(load_catalogue().rules), min_size=1, max_size=12, unique=True))
def test_claims_that_compete_do_not_add_up_to_more_than_certainty(rules: list) -> None:  # type: ignore[type-arg]
    ranked = rank([Claim(rule, (1.0,), (0,), {}) for rule in rules])
    for one, share in ranked:
        for other, rival in ranked:
            if competing(one.rule, other.rule):
                assert share + rival <= 1.0 + 1e-9


@given(st.text(), st.text())
def test_values_are_never_read_as_templates(called: str, meaning: str) -> None:
    rejected = Step(
        "association", State.FAILED, 1, Layer.ASSOCIATION, "RJ 1/1/7", meaning, {"called": called}, Severity.FAILED
    )
    assert [cause.rule for cause in explain(ProbeResult("dicom", "x:1", (rejected,))).diagnosis] == [
        "called-ae-not-recognised"
    ]


def test_a_placeholder_in_a_value_stays_what_it_is() -> None:
    evil = {"called": "{calling} [ {port}] {0.__class__}"}
    rejected = Step("association", State.FAILED, 1, Layer.ASSOCIATION, "RJ 1/1/7", "", evil, Severity.FAILED)
    assert evil["called"] in explain(ProbeResult("dicom", "h:1", (rejected,))).diagnosis[0].title


@given(st.lists(st.one_of(st.text(max_size=80), st.sampled_from(FAULTY)), max_size=30))
def test_reading_any_text_never_raises_and_is_deterministic(lines: list[str]) -> None:
    assert diagnose_log(lines) == diagnose_log(lines)


@given(st.binary(max_size=600))
def test_reading_any_bytes_gives_lines_or_a_reason(data: bytes) -> None:
    try:
        lines = list(text_lines(BytesIO(data)))
    except Unusable as reason:
        assert str(reason)
    else:
        diagnose_log(lines)


@settings(max_examples=300)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("^|[]()=:'\" 0123456789PIDN,\n")), max_size=200))
def test_redaction_is_idempotent(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(sa_ids(), st.sampled_from(["{}", "id {} seen", "PatientID={}", "({})", "No {}.", "x,{};y", "[{}]"]))
def test_no_sa_id_survives(number: str, template: str) -> None:
    assert number not in redact(template.format(number))


@given(
    st.sampled_from(FAMILY),
    st.sampled_from(GIVEN),
    st.sampled_from(["{}^{}", "{}^{}^^Mrs", "Patient Name: {1} {0}", "x [{}^{}]"]),
)
def test_no_person_name_survives(family: str, given_name: str, template: str) -> None:
    shown = redact(f"E: cannot store {template.format(family, given_name)}")
    assert family not in shown
    assert given_name not in shown


def test_labels_contacts_and_segments_are_redacted_and_technical_words_kept() -> None:
    text = (
        "MRN GP123456 dob 1980-01-01 tel 082 123 4567 mail t.dlamini@example.co.za "
        "ARCHIVE@10.1.2.3:11112 1.2.840.8001015009087.1 status=a700H ORM^O01\n"
        "PID|1||8001015009087^^^HOSP^MR||DLAMINI^THANDI||19800101|F\n"
        "NK1|1|DLAMINI^SIPHO|FTH\n(0010,0010) PN [DLAMINI^THANDI]  # 14, 1 PatientName\n"
        '"00100010": {"vr": "PN", "Value": [{"Alphabetic": "DLAMINI^THANDI"}]}\n'
    )
    shown = redact(text)
    for gone in ("GP123456", "1980", "082", "example.co.za", "DLAMINI", "THANDI", "SIPHO", "PID|1"):
        assert gone not in shown
    for kept in ("ARCHIVE@10.1.2.3:11112", "1.2.840.8001015009087.1", "status=a700H", "ORM^O01", "(0010,0010) PN"):
        assert kept in shown


def test_a_wrapped_personal_segment_is_redacted_to_its_end() -> None:
    redactor = Redactor()
    assert "DLAMINI" not in redactor.line("PID|1||8001015009087^^^HOSP^MR||")
    assert redactor.line("DLAMINI^THANDI||19800101|F") == "[removed]"


def test_a_fault_in_a_wrapped_coloured_or_stamped_line_is_found() -> None:
    wrapped = ["2026-11-24 08:15 pacs storescu[4]: \x1b[31mF: Reason: Called AE Title Not", "Recognized\x1b[0m"]
    assert [finding.cause.rule for finding in diagnose_log(wrapped).findings] == ["called-ae-not-recognised"]


def test_every_encoding_of_a_log_is_read() -> None:
    text = "E: TCP Initialization Error: Connection refused\r\nNaïve\r\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"):
        [finding] = diagnose_log(text_lines(BytesIO(text.encode(encoding)))).findings
        assert (finding.cause.rule, finding.lines[0][0]) == ("connection-refused", 1)


def test_a_line_without_end_is_bounded() -> None:
    assert max(map(len, text_lines(BytesIO(b"x" * 300_000)))) <= 8_000


@given(
    st.sampled_from(["patient", "Patient", "Pt", "Pasiënt", "isiguli", "Patient's name"]),
    st.sampled_from(["Sipho Dlamini", "Zoë van der Merwe", "Thandi kwa Zulu", "Anna-Marie O'Brien", "José"]),
    st.sampled_from(["{} {} ID 12 not found", "no match for {} {}, skipped", "{} {}"]),
)
def test_no_name_after_the_word_patient_survives(label: str, name: str, template: str) -> None:
    shown = redact(template.format(label, name))
    assert not set(name.split()) & set(shown.replace(",", "").split())
    assert redact(shown) == shown


def test_terms_after_the_word_patient_are_kept() -> None:
    for text in ("Patient Root Query/Retrieve", "Patient Study Only", "unknown patient level", "Patient ID mismatch"):
        assert redact(text) == text
