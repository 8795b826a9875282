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


def test_what_is_marked_is_no_tests_leftover_and_ends_with_who_answers_for_it() -> None:
    """A helper whose parent is gone has come to us; what it was started with still tells."""
    before = processes.children()
    marked = processes.own_marked()
    for environment in (None, marked):
        subprocess.run(["sh", "-c", "sleep 300 >/dev/null 2>&1 &"], env=environment, check=True)
    eventually(lambda: len(processes.children() - before) == 2, within=30, what="both are ours")
    orphans = processes.children() - before
    left = processes.leftovers(before)
    processes.kill_all(left)
    assert len(left) == 1
    (kept,) = [pid for pid in orphans if str(pid) != left[0].split(":")[0]]
    assert processes.is_alive(kept)
    processes.disown_marked(marked, within=0)
    eventually(lambda: not processes.is_alive(kept), within=30, what="it was ended")


def _is_dead(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
