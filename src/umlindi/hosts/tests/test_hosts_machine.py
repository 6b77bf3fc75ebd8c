"""Machines: the arithmetic of disks and processors, what each exporter says, and this machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.hosts import exposition, machine
from umlindi.hosts.machine import MachineTarget, Thresholds, judge_disk, probe
from umlindi.hosts.vitals import CpuTimes, Disk, one_each
from umlindi.probes import Deadline, Grade, Ladder, Layer, ProbeResult
from umlindi.testing import scripted
from umlindi.testing.steps import codes, step_of

NODE = """\
# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 900
node_cpu_seconds_total{cpu="0",mode="iowait"} 20
node_cpu_seconds_total{cpu="0",mode="user"} 80
node_cpu_seconds_total{cpu="1",mode="idle"} 950
node_cpu_seconds_total{cpu="1",mode="system"} 50
# TYPE node_load5 gauge
node_load5 3
# TYPE node_memory_MemTotal_bytes gauge
node_memory_MemTotal_bytes 1.6e+10
# TYPE node_memory_MemAvailable_bytes gauge
node_memory_MemAvailable_bytes 4e+09
# TYPE node_filesystem_size_bytes gauge
node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 100
node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/var/bind"} 100
node_filesystem_size_bytes{device="/dev/sdb1",fstype="xfs",mountpoint="/archive"} 1000
node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 10
# TYPE node_filesystem_free_bytes gauge
node_filesystem_free_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 60
node_filesystem_free_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/var/bind"} 60
node_filesystem_free_bytes{device="/dev/sdb1",fstype="xfs",mountpoint="/archive"} 40
node_filesystem_free_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 0
# TYPE node_filesystem_avail_bytes gauge
node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 50
node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/var/bind"} 50
node_filesystem_avail_bytes{device="/dev/sdb1",fstype="xfs",mountpoint="/archive"} 40
node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 0
"""
WINDOWS = """\
windows_cpu_time_total{core="0,0",mode="idle"} 100
windows_cpu_time_total{core="0,0",mode="privileged"} 300
windows_cs_physical_memory_bytes 8e+09
windows_os_physical_memory_free_bytes 4e+08
windows_logical_disk_size_bytes{volume="C:"} 100
windows_logical_disk_free_bytes{volume="C:"} 14
windows_logical_disk_size_bytes{volume="D:"} 200
windows_logical_disk_free_bytes{volume="D:"} 100
"""


def disk_code(used: int, total: int) -> str:
    ladder = Ladder("host", "x")
    with ladder.step("disk", Layer.HOST) as rung:
        judge_disk(rung, Disk("/", "/dev/sda", total, total - used), Thresholds())
    return codes(ladder.result())["disk"]


@given(total=st.integers(1, 10**15), share=st.floats(0, 1))
def test_a_disk_is_judged_by_its_used_share_alone(total: int, share: float) -> None:
    used = int(total * share)
    actual = 1 - (total - used) / total
    expected = "disk-full" if actual >= 0.95 else "disk-nearly-full" if actual >= 0.85 else "ok"
    assert disk_code(used, total) == expected


@pytest.mark.parametrize(
    ("used", "code"), [(84, "ok"), (85, "disk-nearly-full"), (94, "disk-nearly-full"), (95, "disk-full")]
)
def test_the_thresholds_are_the_briefs(used: int, code: str) -> None:
    assert disk_code(used, 100) == code


@given(busy=st.floats(0, 1e6), idle=st.floats(0.01, 1e6), start=st.floats(0, 1e9))
def test_a_busy_share_is_a_share_and_only_of_time_that_passed(busy: float, idle: float, start: float) -> None:
    first = CpuTimes(start, start * 2)
    share = CpuTimes(start + busy, start * 2 + busy + idle).share_since(first)
    assert share is None or 0 <= share <= 1
    assert first.share_since(first) is None
    assert first.share_since(CpuTimes(start + busy + 1, start * 2 + busy + idle + 1)) is None


def test_a_device_mounted_twice_counts_once_where_its_path_is_shortest() -> None:
    disks = one_each([Disk("/var/bind", "sda", 2, 1), Disk("/", "sda", 2, 1), Disk("/data", "sdb", 2, 1)])
    assert [disk.mount for disk in disks] == ["/", "/data"]


def test_node_exporter_is_read_as_df_counts() -> None:
    vitals = exposition.read(NODE)
    assert vitals.source == "node_exporter"
    assert vitals.cpu == CpuTimes(busy=130, total=2000)
    assert (vitals.load_per_core, vitals.memory_total, vitals.memory_available) == (1.5, 16_000_000_000, 4_000_000_000)
    # 10 of the 100 are reserved for root: 40 used of the 90 that count.
    assert vitals.disks == (Disk("/", "/dev/sda1", 90, 50), Disk("/archive", "/dev/sdb1", 1000, 40))


def test_windows_exporter_is_read() -> None:
    vitals = exposition.read(WINDOWS)
    assert (vitals.source, vitals.cpu, vitals.load_per_core) == ("windows_exporter", CpuTimes(300, 400), None)
    assert [(disk.mount, disk.free) for disk in vitals.disks] == [("C:", 14), ("D:", 100)]


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, "node_load5 " + text, NODE + text):
        try:
            exposition.read(candidate)
        except exposition.NotExposition:
            continue


def page(text: str) -> scripted.Talk:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(text)}\r\n\r\n"
    return scripted.saying((head + text).encode())


async def probed(text: str) -> ProbeResult:
    async with scripted.listening(page(text)) as port:
        return await probe(MachineTarget(f"http://127.0.0.1:{port}/metrics", samples=1), Deadline(5))


async def test_each_disk_of_another_machine_is_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_BETWEEN_READINGS", 0.0)
    result = await probed(NODE)
    assert result.grade is Grade.FAILED
    said = codes(result)
    assert (said["memory"], said["disk:/"], said["disk:/archive"]) == ("ok", "ok", "disk-full")
    assert step_of(result, "disk:/archive").evidence == {"free_bytes": 40, "total_bytes": 1000, "used_share": 0.96}
    assert said["cpu"] == "NO-SAMPLE"


async def test_memory_and_disk_of_windows_complain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_BETWEEN_READINGS", 0.0)
    said = codes(await probed(WINDOWS))
    assert (said["memory"], said["disk:C:"], said["disk:D:"]) == ("memory-nearly-full", "disk-nearly-full", "ok")


@pytest.mark.parametrize("text", ["<html></html>", "some_metric 1\n", ""])
async def test_a_page_without_metrics_known_here_is_a_fault(text: str) -> None:
    result = await probed(text)
    assert step_of(result, "read").code == "NOT-METRICS"
    assert step_of(result, "memory").meaning == "read failed"


async def test_this_machine_is_read() -> None:
    result = await probe(MachineTarget(), Deadline(10))
    said = codes(result)
    assert {"read", "cpu", "memory", "disk:/"} <= set(said)
    assert 0 <= step_of(result, "cpu").evidence["busy_share"] <= 1
    assert step_of(result, "disk:/").evidence["total_bytes"] > 0


@given(st.sampled_from(["NaN", "+Inf", "-Inf"]), st.sampled_from([NODE, WINDOWS]), st.data())
def test_a_value_that_is_no_number_tells_nothing(value: str, page: str, data: st.DataObject) -> None:
    """It is left out, and no probe breaks on it."""
    lines = page.splitlines()
    at = data.draw(st.sampled_from([at for at, line in enumerate(lines) if not line.startswith("#")]))
    broken = [*lines[:at], f"{lines[at].rpartition(' ')[0]} {value}", *lines[at + 1 :], ""]
    without = [*lines[:at], *lines[at + 1 :], ""]
    assert exposition.read("\n".join(broken)) == exposition.read("\n".join(without))


async def test_the_pause_between_two_readings_is_no_answer_time() -> None:
    result = await probe(MachineTarget(), Deadline(10))
    assert 0 <= (step_of(result, "cpu").ms or 0.0) < 900
