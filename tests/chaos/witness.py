"""Writes into the registry when each engine process really ended.

An engine writes its own start; nobody who is killed writes an end. This program follows the
registry and holds a pidfd of everyone in it, which the kernel makes readable at the very exit. It
is a process of its own, so that a busy test does not delay it. Standard library only.

    python witness.py REGISTRY      adds lines "exit NAME PID TIME"; ends with its standard input
"""

import os
import select
import sys
import time
from pathlib import Path

LOOK_MS = 20
STDIN = 0

Watched = dict[int, tuple[str, str]]  # descriptor → name and pid


def main(registry: Path) -> None:
    """Watch until standard input is closed."""
    poll = select.poll()
    poll.register(STDIN, select.POLLIN | select.POLLHUP)
    watched: Watched = {}
    registry.touch()
    with registry.open() as lines, registry.open("a", buffering=1) as out:
        while True:
            for line in lines.readlines():
                if line.startswith("start "):
                    watch(line, watched, poll)
            ended = [descriptor for descriptor, _ in poll.poll(LOOK_MS)]
            if STDIN in ended:
                return
            for descriptor in ended:
                name, pid = watched.pop(descriptor)
                out.write(f"exit {name} {pid} {time.time():.6f}\n")
                poll.unregister(descriptor)
                os.close(descriptor)


def watch(line: str, watched: Watched, poll: select.poll) -> None:
    """One more to wait for. One that is gone already is not found: its end is when we looked."""
    _, name, pid, *_ = line.split()
    try:
        descriptor = os.pidfd_open(int(pid))
    except ProcessLookupError:
        descriptor, closed = os.pipe()
        os.close(closed)
    watched[descriptor] = (name, pid)
    poll.register(descriptor, select.POLLIN)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
