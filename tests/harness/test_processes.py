"""Dead children are let go, but not those that somebody answers for."""

import subprocess

import psutil

from tests.harness import processes
from tests.harness.waiting import eventually


def test_the_dead_are_buried_unless_they_are_somebodys() -> None:
    """Who owns a child may still ask for its exit status."""
    nobodys, owned = (subprocess.Popen(["false"]) for _ in range(2))
    processes.own(owned.pid)
    try:
        dead = lambda: _is_dead(nobodys.pid) and _is_dead(owned.pid)  # noqa: E731
        eventually(dead, within=30, what="both have ended")
        processes.bury()
        assert nobodys.pid not in processes.children()
        assert owned.wait() == 1
    finally:
        processes.disown(owned.pid)
        nobodys.wait()


def _is_dead(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
