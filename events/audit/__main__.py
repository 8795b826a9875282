"""Verification as a program, so that hashing a million lines holds up nobody else.

    python -m events.audit < wanted.json

Reads one `verify.Wanted` from standard input and writes one JSON document a line: `Progress` from
time to time, and at the end `Done` with the report. Ends with 0 also when something was disproved:
the report says so. Ends by itself when whoever started it is gone.
"""

import os
import sys
import time

import msgspec

from events.audit.claims import Report
from events.audit.verify import Wanted, verify

EVERY_S = 0.25
POLITE = 10  # requests go first


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How far it has got in one log."""

    log: str
    done: int
    lines: int  # in all, of this log


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """What was found."""

    report: Report


Told = Progress | Done


def main() -> int:
    """Verify what is asked for."""
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Wanted)
    if hasattr(os, "nice"):
        os.nice(POLITE)
    spoken = 0.0

    def progress(log: str, done: int, lines: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= EVERY_S:
            spoken = time.monotonic()
            _say(Progress(log=log, done=done, lines=lines))

    try:
        _say(Done(report=verify(wanted, progress)))
    except BrokenPipeError:
        return 1
    return 0


def _say(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
