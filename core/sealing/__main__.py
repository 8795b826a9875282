"""Packing as a program, so that a month of a million requests holds up nobody's request.

    python -m core.sealing

Reads one `packing.Job` as a line from standard input and writes one JSON document a line: `Step`
when one is done, and at the end `Packed` or `Wrong`. Ends when standard input does: then whoever
asked for it is gone, and what it writes would be in the way of the next one.
"""

import os
import sys
import threading

import msgspec

from core.sealing.packing import Job, Step, Told, pack, wrong_of

POLITE = 10  # requests go first


def main() -> int:
    """Pack what is asked for."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    threading.Thread(target=_end_with_the_studio, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(POLITE)
    try:
        _say(pack(job, lambda step: _say(Step(name=step))))
    except BrokenPipeError:
        return 1
    except Exception as error:  # whoever asked for it decides what it means
        _say(wrong_of(error))
        return 1
    return 0


def _end_with_the_studio() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _say(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
