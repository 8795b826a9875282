"""What the processes of one engine hold."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from core.hardware import process_memory
from core.hardware.nvidia import Nvidia
from core.hardware.process_memory import (
    Measured,
    gpu_memory,
    group_pids,
    host_memory,
    measure,
    measure_now,
)
from core.hardware.reading import read_hardware
from tests.core.hardware.fake_nvml import MIB, FakeNvml

HOLDS = f"""
import subprocess, sys
held = bytearray({64 * MIB})
held[::4096] = b"x" * len(held[::4096])
if len(sys.argv) > 1:
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
    child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(*arguments: str) -> Iterator[int]:
    """A process that holds 64 MiB, with a child that does too if its program is given."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        child.stdout.readline()
        yield child.pid
    finally:
        below = psutil.Process(child.pid).children(recursive=True)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        psutil.wait_procs(below, timeout=10)
        child.stdin.close()
        child.stdout.close()


def test_a_process_is_measured_with_its_children() -> None:
    """Twice 64 MiB, and the interpreters."""
    with holding() as group:
        alone = host_memory(group_pids(group))
    with holding(HOLDS) as group:
        both = host_memory(group_pids(group))
        assert len(group_pids(group)) == 2
    assert 64 * MIB < alone < 100 * MIB
    assert 1.8 < both / alone < 2.2


async def test_measuring_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that is gone is None; a driver that fails is no GPUs."""
    monkeypatch.setattr(process_memory, "LIMIT_S", 60.0)
    with holding() as group:
        found = await measure(group, lambda: read_hardware(nvidia=broken()))
    assert found is not None
    assert found.gpus == ()
    assert found.host > 64 * MIB
    assert measure_now(2**22 + 12345) is None


def broken() -> Nvidia:
    """A driver that does not answer."""
    fake = FakeNvml()
    fake.lost = {0, 1}
    return Nvidia(fake)


def test_a_gpu_stands_there_only_with_processes_of_ours() -> None:
    """Process 1 holds 300 MiB of both; another one what the driver does not tell."""
    hardware = read_hardware(nvidia=Nvidia(FakeNvml()))
    assert gpu_memory(hardware, {1}) == (("GPU-0", 300 * MIB), ("GPU-1", 300 * MIB))
    assert gpu_memory(hardware, {2**22 + 7}) == ()
    assert gpu_memory(hardware, {os.getpid()}) == ()


def test_shared_pages_are_counted_in_parts() -> None:
    """So never more than is resident."""
    with holding() as group:
        found = measure_now(group)
        resident = sum(psutil.Process(pid).memory_info().rss for pid in group_pids(group))
    assert isinstance(found, Measured)
    assert 0 < found.host <= resident
