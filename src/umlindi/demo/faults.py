"""The faults of the lab, as data: what each does, where, and what a probe must say of it."""

from __future__ import annotations

from dataclasses import dataclass

MTHATHA_PACS = "thusong/mthatha/pacs"
MTHATHA_HOST = "thusong/mthatha/pacs-host"
WORKLIST = "thusong/mthatha/worklist"
RIS = "thusong/mthatha/ris"
RIS_DB = "thusong/mthatha/ris-db"
MPPS = "thusong/mthatha/mpps"
CLOCK = "thusong/mthatha/clock"
POWER = "thusong/mthatha/ups"
KOMANI = "thusong/komani/archive"
GQEBERHA_PACS = "ubuntu/gqeberha/pacs"
GATEWAY = "ubuntu/gqeberha/gateway"
_ARCHIVES = (MTHATHA_PACS, KOMANI, GQEBERHA_PACS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break something.

    `systems` can have it, the first unless another is asked for. `also` are systems that nature turns red with it.
    `interface`, `step` and `code` are where a probe of the broken system meets it, `rule` what the diagnosis ranks
    first. `look_for` and `lesson` are for the trainee: where to look, and what to take home.
    """

    slug: str
    title: str
    layer: str
    systems: tuple[str, ...]
    does: str
    interface: str
    step: str
    code: str
    rule: str
    look_for: str
    lesson: str
    also: tuple[str, ...] = ()


class UnknownFault(Exception):
    """No fault of that name, or not on that system; says which there are."""


FAULTS: tuple[Fault, ...] = (
    Fault(
        slug="listener-down",
        title="The archive's listener is down",
        layer="transport",
        systems=(KOMANI, MTHATHA_PACS, GQEBERHA_PACS, WORKLIST, RIS, MPPS, "thusong/mthatha/ct1", "thusong/komani/cr1"),
        does="Stops the program, so that nothing listens on its port.",
        interface="DICOM",
        step="tcp",
        code="ECONNREFUSED",
        rule="connection-refused",
        look_for="The connection is refused within a millisecond: the host answers, the port does not.",
        lesson="Refused at once means the host is up. Look for the service and its port before the network.",
    ),
    Fault(
        slug="silent-host",
        title="Accepts the connection and never answers",
        layer="association",
        systems=(KOMANI, MTHATHA_PACS, GQEBERHA_PACS, WORKLIST),
        does="Freezes the process (SIGSTOP): the operating system still accepts connections for it.",
        interface="DICOM",
        step="association",
        code="TIMEOUT",
        rule="host-silent",
        look_for="TCP connects in a millisecond, then nothing until the time-out.",
        lesson="A port check is green here. Only a probe that waits for an answer finds a hung process.",
    ),
    Fault(
        slug="wrong-called-ae",
        title="The archive came back with another AE title",
        layer="association",
        systems=(MTHATHA_PACS, KOMANI),
        does="Restarts the archive with _OLD behind its AE title.",
        interface="DICOM",
        step="association",
        code="RJ 1/1/7",
        rule="called-ae-not-recognised",
        look_for="A-ASSOCIATE-RJ with source 1, reason 7: called AE title not recognised.",
        lesson="Copy AE titles, never type them: case and blanks count, 16 characters at most.",
    ),
    Fault(
        slug="calling-not-authorised",
        title="The archive no longer knows who calls",
        layer="association",
        systems=(GQEBERHA_PACS, KOMANI),
        does="Takes the caller UMLINDI out of the archive's list and restarts it.",
        interface="DICOM",
        step="association",
        code="RJ 1/1/3",
        rule="calling-ae-not-recognised",
        look_for="A-ASSOCIATE-RJ with source 1, reason 3: calling AE title not recognised.",
        lesson="A new or renamed device must be entered at the archive, with its address; record who allowed it.",
    ),
    Fault(
        slug="find-refused",
        title="C-ECHO works, C-FIND is refused",
        layer="dimse",
        systems=(GQEBERHA_PACS, MTHATHA_PACS),
        does="Withdraws the right to query while verification stays allowed.",
        interface="DICOM",
        step="find",
        code="AB 0/0",
        rule="query-refused",
        look_for="Association and C-ECHO are good; the peer aborts when it is asked a question.",
        lesson="A green C-ECHO proves nothing but C-ECHO. Test what the users need.",
    ),
    Fault(
        slug="transfer-syntax-refused",
        title="The archive takes none of our transfer syntaxes",
        layer="association",
        systems=(KOMANI,),
        does="Restarts the archive with a profile that takes images compressed by JPEG 2000 only.",
        interface="DICOM",
        step="store",
        code="PC 4",
        rule="transfer-syntax-unsupported",
        look_for="Presentation contexts come back with result 4.",
        lesson="Compare both conformance statements, then enable the syntax or transcode at the sender.",
    ),
    Fault(
        slug="disk-nearly-full",
        title="The archive's disk is nearly full",
        layer="host",
        systems=(MTHATHA_HOST,),
        does="Fills the archive's disk to 91 %.",
        interface="Metrics",
        step="disk:/var/lib/orthanc",
        code="disk-nearly-full",
        rule="disk-nearly-full",
        look_for="Everything still works. Only the host's figures tell.",
        lesson="Critical tiers stay below 85 %. Act while there is room to act in.",
    ),
    Fault(
        slug="disk-full",
        title="The archive's disk is full",
        layer="dimse",
        systems=(MTHATHA_PACS,),
        does="Makes every write of the archive fail, as on a full disk, and shows its disk as full.",
        interface="DICOM",
        step="store",
        code="A700",
        rule="storage-full",
        look_for="Queries work, C-STORE answers A700. The host shows 100 %.",
        lesson="Orthanc answers A700 to any failure to store: confirm with the disk and its log before deleting.",
        also=(MTHATHA_HOST,),
    ),
    Fault(
        slug="worklist-empty",
        title="The worklist is empty for CT",
        layer="workflow",
        systems=(WORKLIST,),
        does="Takes every CT order out of the worklist; other modalities keep theirs.",
        interface="Worklist",
        step="worklist",
        code="EMPTY",
        rule="worklist-empty",
        look_for="The query succeeds with no match for CT, and with matches for the others.",
        lesson="Widen the query key by key: station, modality, date. Then ask the RIS why nothing was scheduled.",
    ),
    Fault(
        slug="worklist-down",
        title="The worklist provider is down",
        layer="transport",
        systems=(WORKLIST,),
        does="Stops the worklist provider.",
        interface="Worklist",
        step="tcp",
        code="ECONNREFUSED",
        rule="connection-refused",
        look_for="Modalities show an old or empty list and radiographers start to type names.",
        lesson="Restart the broker first; every minute of typing makes studies to be repaired.",
    ),
    Fault(
        slug="mpps-down",
        title="The MPPS provider is down",
        layer="transport",
        systems=(MPPS,),
        does="Stops the listener that modalities report their progress to.",
        interface="MPPS",
        step="tcp",
        code="ECONNREFUSED",
        rule="connection-refused",
        look_for="Examinations stay in progress in the RIS although the images have arrived.",
        lesson="Nobody phones about it. The unfinished examinations are found at the end of the month.",
    ),
    Fault(
        slug="hl7-nack",
        title="The RIS refuses messages",
        layer="application",
        systems=(RIS,),
        does="Removes the record that messages are about: the RIS answers AE with error 204.",
        interface="HL7",
        step="message",
        code="AE/204",
        rule="hl7-test-unknown-key",
        look_for="MSA-1 is AE and ERR-3 is 204: unknown key identifier.",
        lesson="Never blindly send a 204 again. Find the record first, then replay in order.",
    ),
    Fault(
        slug="hl7-silent",
        title="The RIS takes messages and never acknowledges",
        layer="application",
        systems=(RIS,),
        does="The RIS reads what is sent to it and stays silent.",
        interface="HL7",
        step="message",
        code="TIMEOUT",
        rule="hl7-silent",
        look_for="The connection opens, the message goes out, nothing comes back.",
        lesson="The sender must keep the message and its order. Restart the listener, then let the queue drain.",
    ),
    Fault(
        slug="certificate-expiring",
        title="The certificate expires within a week",
        layer="tls",
        systems=(GATEWAY,),
        does="Presents a certificate with six days left.",
        interface="Certificate",
        step="expiry",
        code="expires-soon",
        rule="certificate-expiring",
        look_for="Everything works, until it stops for everybody at once.",
        lesson="Renew at 30 days. Write down who may, and where the key lies.",
    ),
    Fault(
        slug="certificate-expired",
        title="The certificate has expired",
        layer="tls",
        systems=(GATEWAY,),
        does="Presents a certificate that ended two days ago.",
        interface="Certificate",
        step="expiry",
        code="certificate-expired",
        rule="certificate-expired",
        look_for="TCP connects, the handshake fails on the date.",
        lesson="Check the clock of both sides before renewing: a wrong clock looks the same.",
    ),
    Fault(
        slug="slow-retrieval",
        title="Retrieval is slow",
        layer="workflow",
        systems=(MTHATHA_PACS,),
        does="Throttles the path on which the archive sends images back.",
        interface="DICOM",
        step="move",
        code="SLOW",
        rule="slow-retrieval",
        look_for="Queries are quick; the seconds lie between C-MOVE and the last image.",
        lesson="Compare the same retrieval near the archive and far from it before blaming the archive.",
    ),
    Fault(
        slug="clock-skew",
        title="The time server is minutes wrong",
        layer="host",
        systems=(CLOCK,),
        does="Puts the time server more than seven minutes ahead.",
        interface="NTP",
        step="offset",
        code="clock-skew",
        rule="clock-skew",
        look_for="Studies appear to be taken before they were ordered; certificates are not valid yet.",
        lesson="IHE allows one second. After a power cut, check the clocks before the archive.",
    ),
    Fault(
        slug="database-down",
        title="The RIS's database is down",
        layer="application",
        systems=(RIS_DB,),
        does="Stops PostgreSQL.",
        interface="Database",
        step="connect",
        code="OperationalError",
        rule="database-refuses",
        look_for="The RIS still accepts connections; everything it must look up fails.",
        lesson="Disk, connections, log: in that order. Start the database before what depends on it.",
    ),
    Fault(
        slug="ups-on-battery",
        title="The PACS room runs on battery",
        layer="host",
        systems=(POWER,),
        does="Reports mains lost, 38 % charge and nine minutes left.",
        interface="UPS",
        step="status",
        code="on-battery",
        rule="on-battery",
        look_for="Nothing is broken yet. The runtime says how long.",
        lesson="Shut down in order while there is time: routers last. Start again database first.",
    ),
)
BY_SLUG = {fault.slug: fault for fault in FAULTS}


def choose(slug: str, system: str | None = None) -> tuple[Fault, str]:
    """A fault and the system that gets it. Raises `UnknownFault`."""
    fault = BY_SLUG.get(slug)
    if fault is None:
        raise UnknownFault(f"there is no fault called {slug}; there are: {', '.join(sorted(BY_SLUG))}")
    if system is not None and system not in fault.systems:
        raise UnknownFault(f"{slug} is not possible on {system}; it is on: {', '.join(fault.systems)}")
    return fault, system or fault.systems[0]
