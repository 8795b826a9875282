"""One launch of an app that does nothing but be the first, or find it; prints which.

The first announces itself, then waits for the end of its standard input.
"""

import os
import sys
from pathlib import Path

from desktop.running_app import RunningApp, announce
from desktop.single_instance import SingleInstance, first_or_running


def main() -> None:
    """`launch_program.py RUN_FOLDER [silent]`: a silent first never says where it listens."""
    run = Path(sys.argv[1])
    found = first_or_running(run, wait_s=20)
    match found:
        case SingleInstance():
            with found:
                if "silent" not in sys.argv:
                    announce(run, RunningApp(pid=os.getpid(), port=1, started_at=1, version="t"))
                print(f"first {os.getpid()}", flush=True)
                sys.stdin.read()
        case RunningApp():
            print(f"found {found.pid}", flush=True)
        case None:
            print("nobody answers", flush=True)


if __name__ == "__main__":
    main()
