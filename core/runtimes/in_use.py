"""Is something running from a runtime's folder? Asked before a runtime is deleted."""

from pathlib import Path

import psutil


def process_running_from(folder: Path) -> int | None:
    """The pid of a process whose interpreter was started from `folder`, or None."""
    prefix = str(folder) + "/" if "/" in str(folder) else str(folder) + "\\"
    for process in psutil.process_iter(["pid", "cmdline", "exe"]):
        started_as = ((process.info["cmdline"] or [""])[:1] or [""])[0]
        if started_as.startswith(prefix) or (process.info["exe"] or "").startswith(prefix):
            return int(process.info["pid"])
    return None
