"""Settings of an Orthanc that lose images or let strangers in; each is a step `hazard:<name>` that complains if found.

What Orthanc tells depends on its version: OverwriteInstances stands in /system from 1.11.0, MaximumStorageMode and
MaximumStorageSize from 1.11.3. Where /system is silent the configuration file answers, if one is given; where nothing
answers, the step is skipped and says so: unknown is not safe.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Any

from umlindi.hosts.http import Credential, Site
from umlindi.probes import Deadline, Fault, Ladder, Layer
from umlindi.probes.transport import Reached

NAMES = ("recycle", "authentication", "overwrite", "listening", "default-credentials")
RUNGS = [(f"hazard:{name}", Layer.APPLICATION) for name in NAMES]
# The account of the configuration that Orthanc ships in its own examples and container images.
_DEFAULT = Credential("orthanc", "orthanc")
_UNTOLD = "this version does not tell; give its configuration file"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known when hazards are looked for. `settings` is None where no configuration file was given."""

    site: Site
    system: dict[str, Any]
    settings: dict[str, Any] | None

    def told(self, name: str, default: Any) -> Any:
        """A setting by /system, else by the file, where an absent name has Orthanc's default; None where unknown."""
        if name in self.system:
            return self.system[name]
        return None if self.settings is None else self.settings.get(name, default)


async def look(ladder: Ladder, subject: Subject, deadline: Deadline) -> None:
    _recycle(ladder, subject)
    open_door = await _authentication(ladder, subject, deadline)
    _overwrite(ladder, subject)
    await _listening(ladder, subject, deadline)
    await _default_credentials(ladder, subject, open_door, deadline)


def _recycle(ladder: Ladder, subject: Subject) -> None:
    """A limit that is reached makes Orthanc delete its oldest patients, unless the mode is Reject."""
    size, count = (subject.told(name, 0) for name in ("MaximumStorageSize", "MaximumPatientCount"))
    mode = subject.told("MaximumStorageMode", "Recycle")
    if size is None and count is None:
        ladder.skip("hazard:recycle", Layer.APPLICATION, _UNTOLD)
        return
    evidence = {"mode": mode, "maximum_size_mb": size, "maximum_patients": count}
    with ladder.step("hazard:recycle", Layer.APPLICATION) as rung:
        if (size or count) and mode != "Reject":
            meaning = "when its limit is reached it deletes the oldest patients by itself (MaximumStorageMode Recycle)"
            rung.complains("recycle", meaning, **evidence)
        else:
            rung.says("", "it deletes nothing by itself", **evidence)


async def _authentication(ladder: Ladder, subject: Subject, deadline: Deadline) -> bool | None:
    """True where anybody is served, None where that could not be asked."""
    with ladder.step("hazard:authentication", Layer.APPLICATION) as rung:
        answer = await subject.site.get("/system", deadline, anonymous=True)
        if answer.status == 200:
            rung.complains("no-authentication", "it serves everybody, without any credential", status=answer.status)
        else:
            rung.says("", "it asks for a credential", status=answer.status)
        return answer.status == 200
    return None


def _overwrite(ladder: Ladder, subject: Subject) -> None:
    overwrite = subject.told("OverwriteInstances", default=False)
    if overwrite is None:
        ladder.skip("hazard:overwrite", Layer.APPLICATION, _UNTOLD)
        return
    with ladder.step("hazard:overwrite", Layer.APPLICATION) as rung:
        if overwrite:
            rung.says("", "an instance sent again replaces the one stored", overwrite_instances=True)
        else:
            meaning = "a corrected instance sent again is answered with success and not stored (OverwriteInstances)"
            rung.complains("no-overwrite", meaning, overwrite_instances=False)


async def _listening(ladder: Ladder, subject: Subject, deadline: Deadline) -> None:
    """Only on the Orthanc's own machine: whether it also answers at another of the machine's addresses."""
    name = "hazard:listening"
    here = _own_addresses()
    ip = subject.site.peer.address.ip
    if ip not in here:
        ladder.skip(name, Layer.APPLICATION, "only a probe on its own machine can tell")
        return
    others = [other for other in here if _is_loopback(other) != _is_loopback(ip)]
    if not others:
        ladder.skip(name, Layer.APPLICATION, "this machine has no other address to try")
        return
    with ladder.step(name, Layer.APPLICATION) as rung:
        status = await _status_at(subject.site, others[0], deadline)
        # Orthanc refuses a foreign address with 401, although the credential is the right one.
        if status in (None, 401, 403):
            rung.says("", "it serves this address only", status=status)
        else:
            meaning = "its REST API answers on every address of the machine (RemoteAccessAllowed)"
            rung.complains("listening-everywhere", meaning, status=status)


async def _status_at(site: Site, ip: str, deadline: Deadline) -> int | None:
    """The status of the same request at another address; None where nothing answers there."""
    address = replace(site.peer.address, ip=ip, others=())
    there = replace(site, peer=Reached(address, site.peer.context, site.peer.server_name))
    try:
        return (await there.get("/system", Deadline(deadline.within(2.0)))).status
    except Fault:
        return None


async def _default_credentials(ladder: Ladder, subject: Subject, open_door: bool | None, deadline: Deadline) -> None:
    """Tried once: a wrong guess costs nothing, Orthanc has no lock-out."""
    name = "hazard:default-credentials"
    if open_door is not False:
        reason = "it asks for no credential" if open_door else "hazard:authentication failed"
        ladder.skip(name, Layer.APPLICATION, reason)
        return
    with ladder.step(name, Layer.APPLICATION) as rung:
        answer = await replace(subject.site, credential=_DEFAULT).get("/system", deadline)
        if answer.status == 200:
            rung.complains("default-credentials", "it lets in the well-known account orthanc", user=_DEFAULT.user)
        else:
            rung.says("", "it refuses the well-known account", status=answer.status)


def _own_addresses() -> list[str]:
    import psutil  # noqa: PLC0415 - only this hazard needs it

    families = {socket.AF_INET, socket.AF_INET6}
    found = [entry for entries in psutil.net_if_addrs().values() for entry in entries if entry.family in families]
    # A link-local IPv6 address needs its interface named and is nobody's way in from another network.
    return [entry.address for entry in found if "%" not in entry.address]


def _is_loopback(ip: str) -> bool:
    return ip == "::1" or ip.startswith("127.")
