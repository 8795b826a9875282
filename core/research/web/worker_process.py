"""The process that reads pages: jobs come over stdin, what was read goes over stdout.

`python -P -m core.research.web.worker_process`. It ends when its stdin does, so it never outlives
the studio. A frame is four bytes of length and a message of msgpack.
"""

import contextlib
import os
import signal
import sys
from typing import BinaryIO

import msgspec

from core.research.web.extracting import Extracted, Job, extracted

MOST_MEMORY = 2 * 2**30  # bytes of address space; a page that wants more is given up
MOST_FILES = 64
LENGTH = 4


def main() -> None:
    """Read jobs until there are no more."""
    _be_modest()
    source, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nobody's print gets between the frames
    while (job := _next(source)) is not None:
        frame = msgspec.msgpack.encode(_done(job))
        answers.write(len(frame).to_bytes(LENGTH, "big") + frame)
        answers.flush()


def _done(job: Job) -> Extracted:
    """Whatever a page does to those who parse it, it is that page's problem and nobody else's."""
    try:
        return extracted(job)
    except Exception:
        return Extracted(problem="unreadable")


def _next(source: BinaryIO) -> Job | None:
    length = source.read(LENGTH)
    if len(length) < LENGTH:
        return None
    return msgspec.msgpack.decode(source.read(int.from_bytes(length, "big")), type=Job)


def _be_modest() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the studio, which ends us
    if os.name == "posix":
        import resource

        os.nice(5)
        limits = (
            (resource.RLIMIT_AS, MOST_MEMORY),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, MOST_FILES),
            (resource.RLIMIT_CORE, 0),
        )
        for which, most in limits:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(which, (most, most))


if __name__ == "__main__":
    main()
