"""An acknowledged event survives: kill -9 at any instant, a full disk, a file-size limit.

The number of kills is 20; `EVENTS_CRASH_ROUNDS=500` asks for more.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlite_utils import Database

from events import codec, connections, schema
from events.audit.merkle import Frontier, leaf_hash
from events.envelope import Recorded
from events.errors import LogUnavailable
from events.facts import AppStopped
from events.projections import ALL
from events.replay import state_at
from events.store import EventStore
from tests.events.conftest import Open
from tests.events.test_replay import EVERY, picture, picture_of

ROUNDS = int(os.environ.get("EVENTS_CRASH_ROUNDS", "20"))
HERE = Path(__file__).parent
NOBODY = 65534


def everything(store: EventStore) -> list[Recorded]:
    """The whole log."""
    return store.read_all(limit=10**9)


def prove(store: EventStore) -> None:
    """Every line has its hash, the hashes make the frontier, the read models are the fold."""
    log = everything(store)
    assert [recorded.position for recorded in log] == list(range(1, len(log) + 1))
    assert all(leaf_hash(codec.canonical_line(one)) == one.leaf for one in log)
    with store.reading() as connection:
        size, peaks = connection.execute("select size, peaks from log_frontier").fetchone()
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert (size, peaks) == (len(log), Frontier.of(one.leaf for one in log).pack())


def kill_while_writing(log: Path, notes: Path, writers: int, after_s: float) -> None:
    """Let a process write for a moment, then kill it without a word."""
    command = [sys.executable, "-m", "tests.events.crash_writer", log, notes, writers]
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parent.parent,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(after_s)  # not for a condition: the instant of the kill is the point
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_no_acknowledged_event_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """Over and over on the same log, with one to sixteen writers, at any instant."""
    log, notes = tmp_path / "main.db", tmp_path / "acknowledged"
    chance = random.Random(ROUNDS)
    for _ in range(ROUNDS):
        writers, after_s = chance.choice((1, 4, 16)), chance.uniform(0, 0.12)
        kill_while_writing(log, notes, writers, after_s)
        acknowledged = [line.split() for line in notes.read_text().splitlines()]
        store = EventStore.open(log, projections=ALL)
        try:
            prove(store)
            recorded = {str(one.position): (one.id, one.leaf.hex()) for one in everything(store)}
            lost = [line for line in acknowledged if recorded.get(line[0]) != (line[1], line[2])]
            assert lost == []
            store.append_now("app", [AppStopped(reason="the log goes on")], actor="cli")
            replayed = state_at(store, store.head)
            with store.reading() as connection:
                tables = [table for projection in ALL for table in projection.tables]
                for table in tables:
                    rows = f"select * from {table} order by 1"
                    assert connection.execute(rows).fetchall() == replayed.execute(rows).fetchall()
            replayed.close()
        finally:
            store.close()
    assert len(acknowledged) > ROUNDS


FILL = """
import resource, sys
from pathlib import Path
from events.errors import LogUnavailable
from events.facts import AppStopped
from events.projections import ALL
from events.store import EventStore
from tests.events.stories import one_run

store = EventStore.open(Path(sys.argv[1]), projections=ALL)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
acknowledged, refused = store.head, 0
while refused < 20:
    facts = [fact for _, fact in one_run(f"e{acknowledged}", "qwen", 1.0)]
    try:
        acknowledged = store.append_now("app", facts, actor="cli")[-1].position
        assert not refused, "the limit still stands"
    except LogUnavailable:
        refused += 1
        assert store.head == acknowledged
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
acknowledged = store.append_now("app", [AppStopped(reason="room again")], actor="cli")[0].position
print(acknowledged, flush=True)
store.close()
"""


def test_a_file_that_may_not_grow_is_refused_cleanly_and_recovers(path: Path, opened: Open) -> None:
    """Each append is told, the log is as it was, and with room again the same store goes on."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(path)],
        capture_output=True,
        text=True,
        cwd=HERE.parent.parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log = opened()
    assert log.head == int(done.stdout)
    assert log.broken_projections == {}
    prove(log)


def test_a_full_database_is_refused_cleanly_and_recovers(path: Path, opened: Open) -> None:
    """SQLite says that the disk is full; nothing of the commit is kept, read models neither."""
    log = opened(EVERY)
    assert log._writer is not None
    connection = log._writer._connection
    connection.set_authorizer(None)
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages + 4}")
    refused = 0
    while refused < 5:
        before, head = picture_of(log), log.head
        try:
            log.append_now("app", [AppStopped(reason="x" * 900)] * 2, actor="cli")
        except LogUnavailable:
            refused += 1
            assert (picture_of(log), log.head) == (before, head)
    with pytest.raises(LogUnavailable, match="full"):
        log.append_now("app", [AppStopped(reason="x" * 9000)], actor="cli")
    connection.execute("pragma max_page_count = 1000000")
    connections.guard(connection)
    log.append_now("app", [AppStopped(reason="room again")], actor="cli")
    prove(log)
    replayed = state_at(log, log.head, EVERY)
    assert picture(replayed) == picture_of(log)
    replayed.close()


@contextmanager
def someone_else() -> Iterator[None]:
    """Be a user whom file modes stop; root is not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("folder_mode", [0o755, 0o555], ids=["writable", "read-only"])
def test_a_folder_that_is_read_only_can_still_be_read(home: Path, folder_mode: int) -> None:
    """A copy on a read-only medium opens without SQLite's helper files."""
    store = EventStore.open(home / "main.db", projections=ALL)
    store.append_now("app", [AppStopped(reason="x")], actor="cli")
    store.close()
    (home / "main.db.lock").unlink()
    assert [file.name for file in home.iterdir()] == ["main.db"]  # nothing else has to be copied
    (home / "main.db").chmod(0o444)
    home.chmod(folder_mode)
    with someone_else():
        reader = EventStore.open(home / "main.db", read_only=True)
        assert reader.head == 2
        reader.close()
        with pytest.raises(LogUnavailable):
            EventStore.open(home / "main.db")
    home.chmod(0o755)


def test_a_torn_end_of_the_write_ahead_file_leaves_a_valid_log(tmp_path: Path) -> None:
    """Cut or scrambled at any byte, what is left is a prefix of what was written."""
    path = tmp_path / "main.db"
    store = EventStore.open(path)
    for number in range(60):
        store.append_now("app", [AppStopped(reason=str(number))], actor="cli")
    whole = [recorded.leaf for recorded in everything(store)]
    main, wal = path.read_bytes(), path.with_name("main.db-wal").read_bytes()
    store.close()
    chance = random.Random(7)
    lengths = set()
    for attempt in range(25):
        torn = bytearray(wal[: chance.randrange(len(wal) // 2, len(wal))])
        if attempt % 2:
            torn[chance.randrange(len(torn) // 2, len(torn))] ^= 0xFF
        copy = tmp_path / f"copy-{attempt}.db"
        copy.write_bytes(main)
        copy.with_name(copy.name + "-wal").write_bytes(torn)
        again = EventStore.open(copy)
        leaves = [recorded.leaf for recorded in everything(again)]
        again.close()
        assert leaves == whole[: len(leaves)]
        lengths.add(len(leaves))
    assert len(lengths) > 3


def test_the_schema_is_whole_or_not_there(tmp_path: Path) -> None:
    """A first start that dies half-way is finished by the next one."""
    path = tmp_path / "main.db"
    connection = connections.open_writer(path)
    database = Database(connection, execute_plugins=False)
    schema.migrations.apply(database, stop_before="m003_frontier")
    connection.close()
    store = EventStore.open(path, projections=ALL)
    assert store.head == 1
    prove(store)
    store.close()
    assert sqlite3.connect(path).execute("select count(*) from events").fetchone() == (1,)
