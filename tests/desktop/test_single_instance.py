"""One app per data directory, whatever the launches do to each other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from desktop.running_app import RunningApp, announce, app_file, running_app
from desktop.single_instance import SingleInstance, first_or_running


def described(pid: int = 0) -> RunningApp:
    """An app of this process, or another."""
    return RunningApp(pid=pid or os.getpid(), port=8080, started_at=1, version="0.1.0")


@contextmanager
def launched(run: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A launch in a process of its own."""
    command = [sys.executable, "-m", "tests.desktop.launch_program", str(run), *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_only_one_holds_the_lock(home: Path) -> None:
    """And when it is given back, the next one may."""
    first = SingleInstance.acquire(home)
    assert first is not None
    assert SingleInstance.acquire(home) is None
    first.release()
    again = SingleInstance.acquire(home)
    assert again is not None
    again.release()


def test_a_leftover_announcement_is_void_once_the_lock_is_ours(home: Path) -> None:
    """Nobody is sent to the port of an app that was killed."""
    announce(home, described())
    with SingleInstance.acquire(home) or pytest.fail("the lock was free"):
        assert running_app(home) is None


def test_the_announcement_goes_with_the_app(home: Path) -> None:
    """And only its owner can read it while it is there."""
    with SingleInstance.acquire(home) or pytest.fail("the lock was free"):
        announce(home, described())
        assert running_app(home) == described()
        assert app_file(home).stat().st_mode & 0o777 == 0o600
    assert running_app(home) is None


def test_an_app_whose_process_is_gone_is_not_running(home: Path) -> None:
    """As after a power cut."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    announce(home, described(process.pid))
    assert running_app(home) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": "x"}', b"[]"])
def test_an_unreadable_announcement_is_none(home: Path, content: bytes) -> None:
    """Half a file, or somebody else's."""
    app_file(home).write_bytes(content)
    assert running_app(home) is None


def test_whoever_finds_a_silent_first_waits_only_so_long(home: Path) -> None:
    """Time stands still here: each pause is a tenth of a second of it."""
    clock = [0.0]
    with SingleInstance.acquire(home) or pytest.fail("the lock was free"):
        found = first_or_running(
            home,
            wait_s=5,
            pause=lambda seconds: clock.__setitem__(0, clock[0] + seconds),
            monotonic=lambda: clock[0],
        )
    assert found is None
    assert 5 <= clock[0] < 6


def test_the_second_becomes_the_first_when_that_dies_while_starting(home: Path) -> None:
    """It waits for the announcement, and takes over when the lock comes free instead."""
    first = SingleInstance.acquire(home)
    assert first is not None
    found = first_or_running(home, wait_s=5, pause=lambda _: first.release())
    assert isinstance(found, SingleInstance)
    found.release()


@pytest.mark.real
def test_of_eight_launches_at_once_one_is_first(home: Path) -> None:
    """The others all find that one."""
    with ExitStack() as stack:
        launches = [stack.enter_context(launched(home)) for _ in range(8)]
        answers = [said(launch).split() for launch in launches]
        firsts = [pid for word, pid in answers if word == "first"]
        assert len(firsts) == 1, answers
        assert {pid for word, pid in answers if word == "found"} == set(firsts)


@pytest.mark.real
def test_a_killed_app_makes_room_at_once(home: Path) -> None:
    """The system gives the lock back, and the leftover file fools nobody."""
    with launched(home) as killed:
        assert said(killed).startswith("first")
        killed.kill()
        killed.wait()
    assert app_file(home).exists()
    with launched(home) as next_one:
        assert said(next_one) == f"first {next_one.pid}"


@pytest.mark.real
def test_children_do_not_keep_the_lock(home: Path) -> None:
    """An engine that outlives the app does not keep the next app from starting."""
    with SingleInstance.acquire(home) or pytest.fail("the lock was free"):
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            close_fds=False,  # worse than what the app does: everything inheritable is inherited
        )
    try:
        assert said(child) == "up"
        again = SingleInstance.acquire(home)
        assert again is not None
        again.release()
    finally:
        child.communicate()
