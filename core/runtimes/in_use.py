"""Is something running from a runtime's folder? Asked before a runtime is deleted."""

import os
from pathlib import Path

import psutil


def process_running_from(folder: Path) -> int | None:
    """The pid of a process whose interpreter was started from `folder`, or None.

    Only processes this user may look at are seen; engines of ours always are.
    """
    prefixes = tuple({str(folder) + os.sep, str(folder.resolve()) + os.sep})
    for process in psutil.process_iter(["pid", "cmdline", "exe"]):
        program = (process.info["cmdline"] or [""])[0]
        if program.startswith(prefixes) or (process.info["exe"] or "").startswith(prefixes):
            return int(process.info["pid"])
    return None
