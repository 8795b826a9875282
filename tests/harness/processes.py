"""Who is left behind: on Linux every orphan of a test comes back to us, and is counted.

The test process declares itself the reaper of its descendants (`PR_SET_CHILD_SUBREAPER`), so that
a process whose parent died becomes our child instead of init's. After each test our children are
exactly those that session fixtures still own, or the test has leaked.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_owned: set[int] = set()
_MARK = "VLLM_STUDIO_TESTS_MARK"
_marks: set[str] = set()


def become_reaper() -> None:
    """Have orphaned descendants handed to this process (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stop_in_order() -> None:
    """Have SIGTERM do what Ctrl-C does: fixtures are torn down before this process ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def end_with_parent() -> None:
    """For a worker: when who started it is gone, or ends it, all that it started goes with it."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        end_descendants()
        os._exit(1)

    signal.signal(signal.SIGTERM, end)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def end_descendants() -> None:
    """kill -9 of everything below this process, whatever it is."""
    while left := [one for one in psutil.Process().children(recursive=True) if _runs(one)]:
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def own(pid: int) -> None:
    """A fixture that outlives the test answers for this process and its descendants."""
    _owned.add(pid)


def disown(pid: int) -> None:
    """It is gone, or should be."""
    _owned.discard(pid)


def own_marked() -> dict[str, str]:
    """An environment; a fixture answers for whoever has it, however far it is from its parents.

    For a program that leaves helpers behind its back: no look at a tree of processes is sure to
    see one that is just being handed to us.
    """
    mark = uuid.uuid4().hex
    _marks.add(mark)
    return {**os.environ, _MARK: mark}


def disown_marked(environment: dict[str, str], within: float = 10) -> None:
    """What it was for has ended: wait for all that has it, and end what does not end by itself."""
    mark = environment[_MARK]
    kill_all(lingering(lambda: mentioning(mark), within))
    _marks.discard(mark)


def _is_marked(process: psutil.Process) -> bool:
    if not _marks:
        return False
    with contextlib.suppress(psutil.AccessDenied):
        return process.environ().get(_MARK) in _marks
    return False


def children() -> set[int]:
    """Our direct children now; cheap, because the kernel keeps the list."""
    found: set[int] = set()
    for tasks in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in tasks.read_text().split())
    return found


def bury() -> None:
    """Let go of children that are dead and nobody's: each search of processes would look at them.

    Between two tests only, when nobody waits for a child but the fixtures that own theirs.
    """
    for pid in children() - _owned:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def lingering(look: Callable[[], list[str]], within: float = 10) -> list[str]:
    """Those of `look` that do not end by themselves in this time.

    Helpers of a process notice a moment after it that it is gone, and a moment is long on a busy
    machine.
    """
    end = time.monotonic() + within
    while (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def leftovers(before: set[int]) -> list[str]:
    """Running children that are neither from `before` nor owned by a fixture, described."""
    found = []
    for pid in children() - before - _owned:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            words = process.cmdline()  # none: it was killed, and the kernel is taking it down
            if words and process.status() != psutil.STATUS_ZOMBIE and not _is_marked(process):
                found.append(f"{pid}: {' '.join(words)[:160]}")
    return found


def kill_all(described: list[str]) -> None:
    """End what a failing test left, so that the next one starts clean."""
    for line in described:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split(":")[0]), signal.SIGKILL)


def group_members(pgid: int) -> list[int]:
    """Living (not zombie) processes of a process group."""
    members = []
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if process.info["status"] != psutil.STATUS_ZOMBIE and os.getpgid(process.pid) == pgid:
                members.append(process.pid)
    return members


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def mentioning(text: str) -> list[str]:
    """Living processes with this text in their command line or environment, described."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            line = " ".join(process.cmdline())
            if text in line or any(text in value for value in process.environ().values()):
                found.append(f"{process.pid}: {line[:160]}")
    return found
