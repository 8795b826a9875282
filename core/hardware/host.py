"""Processor, memory and disk, through psutil."""

import functools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from core.hardware.picture import Cpu, Disk, Memory

_CPUINFO = Path("/proc/cpuinfo")


def read_cpu() -> Cpu:
    """The processor now; `percent` covers the time since the previous call."""
    return Cpu(name=cpu_name(), cores=usable_cores(), percent=psutil.cpu_percent(interval=None))


def read_memory() -> Memory:
    """The system's memory now."""
    memory = psutil.virtual_memory()
    return Memory(total=memory.total, available=memory.available)


def read_disk(path: Path) -> Disk:
    """The disk that holds `path`, or will once it exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    usage = shutil.disk_usage(path)
    return Disk(total=usage.total, free=usage.free)


def usable_cores() -> int:
    """Logical cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def cpu_name() -> str:
    """The processor's own name; it never changes while we run."""
    return _marketing_name() or platform.processor() or platform.machine() or "unknown processor"


def _marketing_name() -> str:
    if sys.platform == "darwin":
        return _first_line_of("sysctl", "-n", "machdep.cpu.brand_string")
    if sys.platform == "win32":
        return os.environ.get("PROCESSOR_IDENTIFIER", "")
    return name_in_cpuinfo(_CPUINFO)


def name_in_cpuinfo(path: Path) -> str:
    """The first "model name" (x86) or "Model" (ARM boards) of a cpuinfo file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return ""
    for key in ("model name", "Model"):
        for line in lines:
            label, _, value = line.partition(":")
            if label.strip() == key and value.strip():
                return value.strip()
    return ""


def _first_line_of(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0].strip()
