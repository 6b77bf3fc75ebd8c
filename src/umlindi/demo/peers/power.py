"""A UPS: NUT's own upsd with its dummy driver where installed, else a peer of ours that speaks its protocol."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

from umlindi.demo.peers.programs import NotReady, Program, Setup
from umlindi.demo.peers.simulated import LOOPBACK, Listener

UPS = "mthatha"
# sun_path holds 108 bytes; the driver's socket is called dummy-ups-mthatha.
LONGEST_STATE_FOLDER = 88
TOLD_SECONDS = 8.0
DRIVER = Path("/lib/nut/dummy-ups")
SERVER = Path("/lib/nut/upsd")


def variables(faults: frozenset[str]) -> dict[str, str]:
    """NUT's variables (RFC 9271 appendix A) on mains, or on battery."""
    battery = "ups-on-battery" in faults
    return {
        "battery.charge": "38" if battery else "100",
        "battery.charge.low": "20",
        "battery.runtime": "540" if battery else "2640",
        "device.mfr": "Invented Power",
        "device.model": "Thusong 3000",
        "device.type": "ups",
        "input.voltage": "0" if battery else "231",
        "ups.load": "38",
        "ups.status": "OB DISCHRG" if battery else "OL",
    }


def can_be_real(folder: Path) -> bool:
    """True where NUT is installed and the folder's name is short enough for its sockets."""
    return DRIVER.exists() and SERVER.exists() and len(os.fsencode(folder)) <= LONGEST_STATE_FOLDER


def driver_setup(folder: Path, faults: frozenset[str]) -> Setup:
    """dummy-ups serving a file of variables."""
    readings = "".join(f"{name}: {value}\n" for name, value in variables(faults).items())
    device = folder / f"{UPS}.dev"
    config = f"[{UPS}]\n  driver = dummy-ups\n  port = {device.name}\n  desc = PACS room\n  pollinterval = 1\n"
    return Setup(
        argv=(str(DRIVER), "-a", UPS, "-F", *_as_us()),
        folder=folder,
        port=None,
        files=((folder / "ups.conf", config),),
        watched_files=((device, readings),),
        environment=_environment(folder),
    )


def server_setup(folder: Path, port: int, faults: frozenset[str]) -> Setup:
    """upsd on loopback, without users: it can be read and not commanded."""
    return Setup(
        argv=(str(SERVER), "-F", *_as_us()),
        folder=folder,
        port=port,
        files=((folder / "upsd.conf", f"LISTEN 127.0.0.1 {port}\n"), (folder / "upsd.users", "")),
        environment=_environment(folder),
        running="listener-down" not in faults,
        frozen="silent-host" in faults,
    )


def _environment(folder: Path) -> dict[str, str]:
    return {"NUT_CONFPATH": str(folder), "NUT_STATEPATH": str(folder), "NUT_ALTPIDPATH": str(folder)}


def _as_us() -> tuple[str, ...]:
    """Root would otherwise become NUT's own user, who may not enter the home."""
    return ("-u", "root") if os.geteuid() == 0 else ()


class Driver(Program):
    """The driver is as wanted once upsd tells so: it looks at its file every second."""

    def __init__(self, system: str, folder: Path, server_port: int, log_file: Path) -> None:
        super().__init__(system, "dummy-ups", partial(driver_setup, folder), log_file)
        self._server_port = server_port

    async def apply(self, faults: frozenset[str]) -> None:
        """Raises `NotReady` where upsd tells something else after some seconds, unless it is itself down or silent."""
        await super().apply(faults)
        if faults & {"listener-down", "silent-host"}:
            return
        wanted = variables(faults)["ups.status"]
        try:
            async with asyncio.timeout(TOLD_SECONDS):
                while await _told_status(self._server_port) != wanted:
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise NotReady(f"upsd does not tell {wanted}") from error


async def _told_status(port: int) -> str | None:
    """`ups.status` as upsd tells it now, or None."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(f"GET VAR {UPS} ups.status\nLOGOUT\n".encode())
            line = (await reader.readline()).decode("ascii", "replace")
        finally:
            writer.close()
    except OSError:
        return None
    return line.split('"')[1] if line.startswith("VAR ") else None


class Upsd(Listener):
    """The network UPS protocol (RFC 9271), as much of it as a monitor reads."""

    def __init__(self, system: str, port: int) -> None:
        super().__init__(system, "UPS (NUT peer of our own)", port)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A line asked, a line or a list answered, until LOGOUT."""
        while line := await reader.readline():
            words = line.decode("ascii", "replace").split()
            writer.write(("\n".join(self._answer_to(words)) + "\n").encode())
            await writer.drain()
            if words[:1] == ["LOGOUT"]:
                return

    def _answer_to(self, words: list[str]) -> list[str]:
        readings = variables(self.faults)
        match words:
            case ["LIST", "UPS"]:
                answer = ["BEGIN LIST UPS", f'UPS {UPS} "PACS room"', "END LIST UPS"]
            case ["LIST", "VAR", name] if name == UPS:
                told = [f'VAR {UPS} {variable} "{value}"' for variable, value in readings.items()]
                answer = [f"BEGIN LIST VAR {UPS}", *told, f"END LIST VAR {UPS}"]
            case ["GET", "VAR", name, variable] if name == UPS and variable in readings:
                answer = [f'VAR {UPS} {variable} "{readings[variable]}"']
            case ["LIST" | "GET", "VAR", name, *_]:
                answer = ["ERR VAR-NOT-SUPPORTED" if name == UPS else "ERR UNKNOWN-UPS"]
            case ["LOGOUT"]:
                answer = ["OK Goodbye"]
            case _:
                answer = ["ERR UNKNOWN-COMMAND"]
        return answer
