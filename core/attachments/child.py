"""Reading a file as a program, so that a hostile one holds up nobody and eats no memory of ours.

    python -I -m core.attachments.child < name, end of line, file > found

Before it looks at the file it gives away what it does not need: its place in the queue for the
processor, memory beyond a limit, time, and the right to write files. It is told the file on
standard input, so that nothing of it lies on the disk in clear; it ends with one answer.
"""

import contextlib
import os
import sys

import msgspec

from core.attachments.kinds import shape_of
from core.attachments.shapes import TOO_MUCH, Extracted, Found, Refusal, demand_size

POLITE = 10
MOST_MEMORY = 2 * 2**30  # bytes of address space
MOST_CPU_S = 40
MOST_FILES = 64


def main() -> int:
    """Read one file, tell what was found."""
    _confine()
    name, data = sys.stdin.buffer.readline().decode().rstrip("\n"), sys.stdin.buffer.read()
    try:
        found: Found = _read(name, data)
    except Refusal as refusal:
        found = refusal.told
    except (MemoryError, RecursionError):
        found = TOO_MUCH
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))
    sys.stdout.buffer.flush()
    return 0


def _read(name: str, data: bytes) -> Extracted:
    shape = shape_of(name, data)
    demand_size(shape, len(data))
    if shape == "image":
        from core.attachments.pictures import read_picture

        return read_picture(data)
    if shape == "pdf":
        from core.attachments.papers import read_paper

        return read_paper(data)
    from core.attachments.texts import read_text

    return read_text(name, data)


def _confine() -> None:
    """As far as the system lets it; the time limit of whoever started it holds everywhere."""
    if hasattr(os, "nice"):
        os.nice(POLITE)
    with contextlib.suppress(ImportError):
        import resource

        limits = (
            (resource.RLIMIT_AS, MOST_MEMORY),
            (resource.RLIMIT_CPU, MOST_CPU_S),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, MOST_FILES),
        )
        for which, most in limits:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(which, (most, most))


if __name__ == "__main__":
    sys.exit(main())
