"""What a machine tells of itself, whoever read it: processor, memory, disks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Filesystems that hold nothing that fills up: kernel interfaces, memory, and images that are full by nature.
PSEUDO = frozenset(
    {
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fuse.gvfsd-fuse",
        "fuse.lxcfs",
        "fusectl",
        "hugetlbfs",
        "iso9660",
        "mqueue",
        "nsfs",
        "proc",
        "procfs",
        "pstore",
        "ramfs",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "squashfs",
        "sysfs",
        "tmpfs",
        "tracefs",
        "udf",
    }
)


@dataclass(frozen=True, slots=True)
class Disk:
    """One filesystem. `free` is what an ordinary user may still write, so reserved blocks count as used."""

    mount: str
    device: str
    total: int
    free: int

    @property
    def used_share(self) -> float:
        return 1 - self.free / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds counted since start over all cores. Only the difference of two readings says anything."""

    busy: float
    total: float

    def share_since(self, earlier: CpuTimes) -> float | None:
        """Busy share (0 to 1) between two readings; None where no time passed or a counter began anew."""
        total, busy = self.total - earlier.total, self.busy - earlier.busy
        return min(1.0, busy / total) if total > 0 and busy >= 0 else None


@dataclass(frozen=True, slots=True)
class Vitals:
    """One reading. None, or no disks, where the source does not tell. `load_per_core` is the five-minute average."""

    source: str
    cpu: CpuTimes | None = None
    load_per_core: float | None = None
    memory_total: int | None = None
    memory_available: int | None = None
    disks: tuple[Disk, ...] = ()
    facts: tuple[tuple[str, float], ...] = ()


def one_each(disks: Iterable[Disk]) -> tuple[Disk, ...]:
    """A device mounted in several places counts once, where its path is shortest."""
    found: dict[str, Disk] = {}
    for disk in sorted(disks, key=lambda disk: (len(disk.mount), disk.mount)):
        found.setdefault(disk.device, disk)
    return tuple(sorted(found.values(), key=lambda disk: disk.mount))


def read_here() -> Vitals:
    """This machine, by psutil. Blocks where a network filesystem does not answer: call it in a thread."""
    import psutil  # noqa: PLC0415 - only this reading needs it

    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Linux counts guest time within user time (proc(5)).
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    memory = psutil.virtual_memory()
    return Vitals(
        source="psutil",
        cpu=CpuTimes(total - idle, total),
        load_per_core=psutil.getloadavg()[1] / (psutil.cpu_count() or 1),
        memory_total=memory.total,
        memory_available=memory.available,
        disks=one_each(_disks_here()),
    )


def _disks_here() -> list[Disk]:
    """Mounted block devices, and / whatever carries it (an overlay in a container)."""
    import psutil  # noqa: PLC0415 - see above

    mounts = {part.mountpoint: part.device for part in psutil.disk_partitions() if part.fstype not in PSEUDO}
    disks = []
    for mount, device in {"/": "/", **mounts}.items():
        try:
            usage = psutil.disk_usage(mount)
        except PermissionError:
            # A mount that this user may not enter is somebody else's to watch.
            continue
        disks.append(Disk(mount, device, usage.used + usage.free, usage.free))
    return disks
