"""The kernel's own word on whether it killed a process for want of memory.

Exit code -9 says who was killed, not by whom. The kernel counts its killings: for the control group
that we and our engines live in, or else for the whole machine. A count that rose over an engine's
life makes a guess a finding; one that did not says that somebody else did it. Linux only.
"""

import re
from collections.abc import Iterable
from pathlib import Path

COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def memory_kills(root: Path = Path("/")) -> int | None:
    """How many processes the kernel has killed for memory around us; None when it does not say."""
    for place in _places(root):
        try:
            found = COUNT.search(place.read_text())
        except OSError:
            continue
        if found is not None:
            return int(found[1])
    return None


def killed_for_memory(before: int | None, after: int | None) -> bool | None:
    """Whether it did between two counts; None when that is not known."""
    return None if before is None or after is None else after > before


def _places(root: Path) -> Iterable[Path]:
    """Most telling first: our control group (version 2, then 1), then the machine."""
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        groups = []
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield root / "sys/fs/cgroup" / path.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield root / "sys/fs/cgroup/memory" / path.lstrip("/") / "memory.oom_control"
    yield root / "proc/vmstat"
