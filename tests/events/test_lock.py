"""One process writes a log; any other is told so at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from events.errors import LogLocked, LogUnavailable
from events.lock import ProcessLock
from events.store import EventStore
from tests.events.conftest import Open

OPEN = """
import sys
from pathlib import Path
from events.errors import LogLocked
from events.store import EventStore
try:
    store = EventStore.open(Path(sys.argv[1]))
except LogLocked as refusal:
    print("refused:", refusal, flush=True)
else:
    print("open", flush=True)
    sys.stdin.read()
"""


def other_process(path: Path) -> "subprocess.Popen[str]":
    """Another process that opens the log and holds it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> str:
    """The first line a process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_is_refused(log: EventStore, path: Path) -> None:
    """It hears at once, in a sentence, and the first goes on."""
    second = other_process(path)
    assert said(second) == f"refused: main.db is in use by the process {os.getpid()}"
    second.communicate()
    assert log.head == 1


def test_a_second_store_in_the_same_process_is_refused(log: EventStore, opened: Open) -> None:
    """Two writers in one process would be two as well."""
    with pytest.raises(LogLocked):
        opened()
    assert log.head == 1


def test_the_lock_of_a_killed_process_is_free(path: Path, opened: Open) -> None:
    """No stale lock file ever keeps the application from starting."""
    first = other_process(path)
    assert said(first) == "open"
    with pytest.raises(LogLocked) as refusal:
        opened()
    assert refusal.value.pid == first.pid
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert opened().head == 1


def test_a_closed_log_can_be_opened_again(opened: Open) -> None:
    """Closing lets go."""
    opened().close()
    assert opened().head == 1


def test_a_log_that_could_not_be_opened_is_not_left_locked(path: Path, opened: Open) -> None:
    """Whoever repairs the file need not restart first."""
    path.write_bytes(b"this is not a database, but it is long enough to be looked at" * 20)
    with pytest.raises(Exception, match="damaged"):
        opened()
    path.unlink()
    assert opened().head == 1


def test_where_no_lock_can_be_made_no_log_is_written(tmp_path: Path) -> None:
    """Rather no log than one that two processes write."""
    with pytest.raises(LogUnavailable):
        ProcessLock.take(tmp_path / "missing folder" / "main.db.lock")
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable):
        EventStore.open(tmp_path / "file" / "main.db")
