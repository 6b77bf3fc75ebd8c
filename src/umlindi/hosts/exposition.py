"""Vitals out of a Prometheus exposition: node_exporter, windows_exporter, or Orthanc's own metrics."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

from umlindi.hosts.vitals import PSEUDO, CpuTimes, Disk, Vitals, one_each

# Labels of a sample, sorted, with its value.
Samples = dict[str, list[tuple[dict[str, str], float]]]
_IDLE = frozenset({"idle", "iowait"})
# Time run for a guest is counted in user time as well (proc(5)).
_NOT_OWN = frozenset({"guest", "guest_nice"})


class NotExposition(ValueError):
    """The text does not read as a Prometheus exposition."""


def read(text: str) -> Vitals:
    """The vitals in one scrape. Raises `NotExposition`, also where it holds nothing known here."""
    samples = _samples(text)
    for prefix, reader in _READERS.items():
        if any(name.startswith(prefix) for name in samples):
            return reader(samples)
    raise NotExposition("metrics, but none of node_exporter, windows_exporter or Orthanc")


def _samples(text: str) -> Samples:
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - only this probe needs it

    samples: Samples = defaultdict(list)
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                # NaN and +Inf are values of the format; they tell nothing of a machine.
                if math.isfinite(sample.value):
                    samples[sample.name].append((sample.labels, sample.value))
    except (ValueError, IndexError, KeyError) as error:
        raise NotExposition("the text does not read as a Prometheus exposition") from error
    return samples


def _value(samples: Samples, *names: str) -> float | None:
    return next((samples[name][0][1] for name in names if samples.get(name)), None)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _cpu(samples: Samples, name: str) -> CpuTimes | None:
    counted = [(labels.get("mode", ""), value) for labels, value in samples.get(name, [])]
    total = sum(value for mode, value in counted if mode not in _NOT_OWN)
    idle = sum(value for mode, value in counted if mode in _IDLE)
    return CpuTimes(total - idle, total) if counted else None


def _node(samples: Samples) -> Vitals:
    cores = {labels.get("cpu") for labels, _ in samples.get("node_cpu_seconds_total", [])}
    load = _value(samples, "node_load5")
    return Vitals(
        source="node_exporter",
        cpu=_cpu(samples, "node_cpu_seconds_total"),
        load_per_core=load / len(cores) if load is not None and cores else None,
        memory_total=_whole(_value(samples, "node_memory_MemTotal_bytes")),
        memory_available=_whole(_value(samples, "node_memory_MemAvailable_bytes")),
        disks=one_each(_node_disks(samples)),
    )


def _node_disks(samples: Samples) -> Iterator[Disk]:
    """As df counts: what root has reserved is neither used nor free, and so not part of the total."""
    free = _by_mount(samples, "node_filesystem_free_bytes")
    available = _by_mount(samples, "node_filesystem_avail_bytes")
    for labels, size in samples.get("node_filesystem_size_bytes", []):
        mount = labels.get("mountpoint", "")
        if labels.get("fstype") in PSEUDO or not size or mount not in available:
            continue
        used = size - free.get(mount, available[mount])
        yield Disk(mount, labels.get("device", mount), int(used + available[mount]), int(available[mount]))


def _by_mount(samples: Samples, name: str) -> dict[str, float]:
    return {labels.get("mountpoint", ""): value for labels, value in samples.get(name, [])}


def _windows(samples: Samples) -> Vitals:
    """Names changed over the exporter's releases: the newest is looked for first."""
    free = {labels.get("volume", ""): value for labels, value in samples.get("windows_logical_disk_free_bytes", [])}
    sized = [(labels.get("volume", ""), size) for labels, size in samples.get("windows_logical_disk_size_bytes", [])]
    total = _value(samples, "windows_memory_physical_total_bytes", "windows_cs_physical_memory_bytes")
    available = _value(
        samples,
        "windows_memory_available_bytes",
        "windows_memory_physical_free_bytes",
        "windows_os_physical_memory_free_bytes",
    )
    return Vitals(
        source="windows_exporter",
        cpu=_cpu(samples, "windows_cpu_time_total"),
        memory_total=_whole(total),
        memory_available=_whole(available),
        disks=one_each(
            Disk(volume, volume, int(size), int(free[volume])) for volume, size in sized if size and volume in free
        ),
    )


def _orthanc(samples: Samples) -> Vitals:
    """Orthanc counts what it holds, but tells nothing of the machine under it."""
    facts = tuple(sorted((name, values[0][1]) for name, values in samples.items() if name.startswith("orthanc_")))
    return Vitals(source="Orthanc", facts=facts)


_READERS: dict[str, Callable[[Samples], Vitals]] = {"node_": _node, "windows_": _windows, "orthanc_": _orthanc}
