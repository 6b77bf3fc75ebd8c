"""The estate file of the demo: the hospital and the practice as the product should know them, with today's ports."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from umlindi.demo import cast, faults
from umlindi.demo.cast import UMLINDI, Archive
from umlindi.demo.ground import Ground, write_atomically
from umlindi.demo.peers import power
from umlindi.demo.peers.database import Database
from umlindi.demo.peers.ris import TEST_MESSAGE
from umlindi.demo.stations import STATIONS, Station

Entry = dict[str, Any]
HOST = "127.0.0.1"
ZONE = "Africa/Johannesburg"
PROBED_EVERY = 20
SUPPORT_UNTIL = date(2027, 3, 31)


def estate_file(ground: Ground) -> Path:
    """Where it is written."""
    return ground.folder / "estate.yaml"


def write_estate(ground: Ground) -> Path:
    """Write it anew; the ports may have changed."""
    text = io.StringIO()
    yaml = YAML()
    # The import reads no anchors: what stands in two places is written out twice.
    yaml.representer.ignore_aliases = lambda _: True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(estate(ground), text)
    path = estate_file(ground)
    write_atomically(path, text.getvalue())
    return path


def estate(ground: Ground) -> Entry:
    """The whole file as data."""
    return {"umlindi": 1, "organisations": [_hospital(ground), _practice(ground)]}


def _hospital(ground: Ground) -> Entry:
    return {
        "slug": "thusong",
        "name": "Thusong Provincial Hospital",
        "kind": "provincial",
        "contacts": [
            _contact("Nomvula Dlamini", "PACS administrator", "+27 47 555 0101", "nomvula@thusong.example"),
            _contact("Sipho Gxowa", "Head of IT", "+27 47 555 0110", "sipho@thusong.example"),
        ],
        "sites": [
            _site("mthatha", "Mthatha", "Mon-Sun 00:00-24:00", _mthatha(ground)),
            _site("komani", "Komani", "Mon-Fri 07:00-17:00; Sat 08:00-12:00", _komani(ground)),
            _site("qhamani", "Qhamani Community Health Centre", "Mon-Fri 08:00-16:00", _modalities(ground, "qhamani")),
        ],
    }


def _practice(ground: Ground) -> Entry:
    return {
        "slug": "ubuntu",
        "name": "Ubuntu Radiology",
        "kind": "practice",
        "contacts": [_contact("Adéle Swanepoel", "Practice manager", "+27 41 555 0120", "adele@ubuntu.example")],
        "sites": [
            _site("gqeberha", "Gqeberha", "Mon-Fri 07:30-17:30; Sat 08:00-13:00", _gqeberha(ground)),
            _site("makhanda", "Makhanda", "Mon-Fri 08:00-16:30", _modalities(ground, "makhanda")),
            _site("jeffreys-bay", "Jeffreys Bay", "Mon-Fri 08:00-13:00", _modalities(ground, "jeffreys-bay")),
        ],
    }


def _mthatha(ground: Ground) -> list[Entry]:
    ris = ["thusong/mthatha/ris"]
    return [
        _archive(
            ground,
            cast.MTHATHA,
            "Mthatha PACS",
            serves="3 reading rooms, 2 referring wards",
            depends_on=[faults.MTHATHA_HOST],
        ),
        _system("pacs-host", "Mthatha PACS host", "host", [_metrics(ground)], depends_on=[faults.POWER]),
        _system("worklist", "Modality worklist", "worklist", [_worklist(ground)], depends_on=ris, product="wlmscpfs"),
        _system("ris", "RIS", "ris", [_hl7(ground)], depends_on=[faults.RIS_DB], serves="Reception, 40 users"),
        _system("ris-db", "RIS database", "database", [_sql(ground)], product="PostgreSQL"),
        _system("mpps", "MPPS provider", "broker", [_echo("MPPS", ground.port("mpps"), "RIS_MPPS")], depends_on=ris),
        _system("clock", "Time server", "clock", [_interface("NTP", "time", port=ground.port("clock"))]),
        _system("ups", "PACS room UPS", "ups", [_ups(ground)]),
        *_modalities(ground, "mthatha"),
    ]


def _komani(ground: Ground) -> list[Entry]:
    archive = _archive(ground, cast.KOMANI, "Komani archive", serves="Casualty and 1 reading room")
    return [archive, *_modalities(ground, "komani")]


def _gqeberha(ground: Ground) -> list[Entry]:
    pacs = _archive(ground, cast.GQEBERHA, "Gqeberha PACS", serves="4 radiologists, 3 rooms")
    gateway = _system(
        "gateway", "Image gateway", "other", [_certificate(ground)], serves="Referring doctors outside the practice"
    )
    return [pacs, gateway, *_modalities(ground, "gqeberha")]


def _site(slug: str, name: str, hours: str, systems: list[Entry]) -> Entry:
    return {"slug": slug, "name": name, "timezone": ZONE, "hours": hours, "contacts": [], "systems": systems}


def _contact(name: str, role: str, phone: str, email: str) -> Entry:
    return {"name": name, "role": role, "phone": phone, "email": email}


def _system(slug: str, name: str, kind: str, interfaces: list[Entry], **more: Any) -> Entry:
    return {"slug": slug, "name": name, "kind": kind, **more, "interfaces": interfaces}


def _interface(name: str, kind: str, *, settings: Entry | None = None, **more: Any) -> Entry:
    """Probed often, and to the top: whoever broke something in the lab should be told within a minute."""
    place = {} if "url" in more else {"host": HOST}
    plans = ("interval", "full_interval", "canary_interval") if kind == "dicom" else ("interval",)
    often = dict.fromkeys(plans, PROBED_EVERY)
    return {"name": name, "kind": kind, **place, **more, "settings": {**often, **(settings or {})}}


def _archive(ground: Ground, archive: Archive, name: str, **more: Any) -> Entry:
    """An archive with what its program can do; a stand-in is expected to answer C-ECHO and no more."""
    product = "dcmqrscp" if archive is cast.KOMANI else "Orthanc"
    program = cast.program(product)
    return _system(
        archive.system.rsplit("/", 1)[1],
        name,
        "archive" if archive is cast.KOMANI else "pacs",
        _archive_interfaces(ground, archive)
        if program
        else [_echo("DICOM", ground.port(archive.port_name), archive.ae)],
        vendor="OFFIS" if product == "dcmqrscp" else "Orthanc",
        product=product,
        version=_version(program) if program else "",
        support_until=SUPPORT_UNTIL,
        **more,
    )


def _archive_interfaces(ground: Ground, archive: Archive) -> list[Entry]:
    dicom = _interface(
        "DICOM",
        "dicom",
        port=ground.port(archive.port_name),
        called=archive.ae,
        calling=UMLINDI,
        settings={
            "expect": ["echo", "find", "store", "move"],
            "move_port": ground.port("mthatha-return" if archive is cast.MTHATHA else archive.back),
            "timeout": 40,
        },
    )
    if archive is cast.KOMANI:
        return [dicom]
    root, secret = f"http://{HOST}:{ground.port(f'{archive.port_name}-http')}", cast.SECRETS[archive.system]
    return [
        dicom,
        _interface("DICOMweb", "dicomweb", url=f"{root}/dicom-web", credential=secret),
        _interface("REST", "orthanc", url=root, credential=secret, settings={"name": archive.ae}),
    ]


def _modalities(ground: Ground, site: str) -> list[Entry]:
    return [_modality(ground, station) for station in STATIONS if station.system.split("/")[1] == site]


def _modality(ground: Ground, station: Station) -> Entry:
    worklist = [faults.WORKLIST] if station.system.startswith("thusong/") else []
    return _system(
        station.port_name,
        f"{station.port_name.upper()} {station.model}",
        "modality",
        [_echo("DICOM", ground.port(station.port_name), station.ae)],
        modality=station.modality,
        vendor=station.maker,
        product=station.model,
        depends_on=[station.archive, *worklist],
    )


def _echo(name: str, port: int, ae: str) -> Entry:
    settings = {"expect": ["echo"]}
    return _interface(name, "dicom", port=port, called=ae, calling=UMLINDI, settings=settings)


def _worklist(ground: Ground) -> Entry:
    real = cast.program("wlmscpfs") is not None
    if not real:
        return _echo("Worklist", ground.port("worklist"), cast.WORKLIST_AE)
    modalities = sorted({station.modality for station in STATIONS if station.system.startswith("thusong/")})
    return _interface(
        "Worklist",
        "dicom",
        port=ground.port("worklist"),
        called=cast.WORKLIST_AE,
        calling=UMLINDI,
        settings={"expect": ["echo", "worklist"], "modalities": modalities},
    )


def _metrics(ground: Ground) -> Entry:
    return _interface("Metrics", "host", url=f"http://{HOST}:{ground.port('pacs-host')}/metrics")


def _hl7(ground: Ground) -> Entry:
    return _interface("HL7", "hl7", port=ground.port("ris"), settings={"message": TEST_MESSAGE, "timeout": 6})


def _sql(ground: Ground) -> Entry:
    return _interface("Database", "sql", url=Database(faults.RIS_DB, ground.place("ris-db")).url)


def _ups(ground: Ground) -> Entry:
    return _interface("UPS", "ups", port=ground.port("ups"), settings={"ups": power.UPS})


def _certificate(ground: Ground) -> Entry:
    authority = ground.place("gateway") / "ca.pem"
    return _interface("Certificate", "tls", port=ground.port("gateway"), settings={"ca_file": str(authority)})


def _version(program: str) -> str:
    """What the program says of itself, or nothing."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", told.stdout)
    return found.group() if found else ""
