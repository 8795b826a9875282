"""Nothing in the log is changed, removed, replaced or slipped in; each known attack is a test.

The triggers travel with the file and hold for any program that opens it. Someone who drops them
first can change the file, and is found out by the hashes. Our own connection cannot even do that.
"""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from events import connections, schema
from events.errors import LogDamaged
from events.facts import AppStarted, AppStopped
from events.store import EventStore
from tests.events.conftest import Open

COLUMNS = (
    "position, id, stream, version, type, schema, recorded_at, actor,"
    " correlation_id, causation_id, data, leaf"
)


@pytest.fixture
def written(log: EventStore, path: Path) -> Path:
    """A closed log of 21 events."""
    log.append_now("app", [AppStarted(version="1", pid=n) for n in range(20)], actor="cli")
    log.close()
    return path


@pytest.fixture
def stranger(written: Path) -> Callable[..., None]:
    """Run statements on the file as any other program could."""

    def run(*statements: str) -> None:
        connection = sqlite3.connect(written, isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement)
        finally:
            connection.close()

    return run


def copy_of(position: str, *, at: str, version: str) -> str:
    """Select an existing event as if it were another one."""
    return (
        f"select {at}, id, stream, {version}, type, schema, recorded_at, actor, correlation_id,"
        f" causation_id, '{{}}', leaf from events where position = {position}"
    )


NEXT = "(select max(position) + 1 from events)"
ATTACKS = {
    "update": ("update events set data = '{}' where position = 5", "never changed"),
    "update nothing real": ("update events set data = data where position = 5", "never changed"),
    "delete": ("delete from events where position = 5", "never removed"),
    "delete the newest": ("delete from events where position = 21", "never removed"),
    "delete all": ("delete from events", "never removed"),
    "insert with a gap": (
        f"insert into events ({COLUMNS}) {copy_of('5', at='99', version='21')}",
        "without a gap",
    ),
    "insert before the first": (
        f"insert into events ({COLUMNS}) {copy_of('5', at='0', version='21')}",
        "without a gap",
    ),
    "insert with a gap in the stream": (
        f"insert into events ({COLUMNS}) {copy_of('5', at=NEXT, version='40')}",
        "without a gap",
    ),
    "replace by position": (
        f"insert or replace into events ({COLUMNS}) {copy_of('5', at='5', version='21')}",
        "without a gap",
    ),
    "replace by stream and version": (
        f"insert or replace into events ({COLUMNS}) {copy_of('5', at=NEXT, version='version')}",
        "without a gap|never replaced",
    ),
    "upsert": (
        f"insert into events ({COLUMNS}) {copy_of('5', at='5', version='version')}"
        " on conflict do update set data = '{}'",
        "without a gap|never replaced",
    ),
    "wrong type": (
        f"insert into events ({COLUMNS}) {copy_of('5', at=NEXT, version='21')}".replace(
            "schema, recorded_at, actor, correlation_id, causation_id, '{}'",
            "schema, 'yesterday', actor, correlation_id, causation_id, '{}'",
        ),
        "cannot store TEXT",
    ),
    "no leaf": (
        f"insert into events ({COLUMNS}) {copy_of('5', at=NEXT, version='21')}".replace(
            ", leaf from", ", x'' from"
        ),
        "CHECK constraint",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_file_itself_refuses(
    attack: str, stranger: Callable[..., None], written: Path, opened: Open
) -> None:
    """Whatever program tries, the triggers stop it, and the log is as it was."""
    statement, reason = ATTACKS[attack]
    with pytest.raises(sqlite3.IntegrityError, match=reason):
        stranger(statement)
    log = opened()
    assert log.head == 21
    assert all(recorded.data != b"{}" for recorded in log.read_all())


@pytest.mark.parametrize(
    ("dropped", "reason"),
    [("events_in_order", "never replaced"), ("events_no_replace", "without a gap")],
)
def test_the_replace_hole_is_closed_twice(
    dropped: str, reason: str, stranger: Callable[..., None]
) -> None:
    """REPLACE that meets (stream, version) deletes the old row without firing a delete trigger
    unless recursive triggers are on. Either lock on that door holds without the other.
    """
    statement, _ = ATTACKS["replace by stream and version"]
    with pytest.raises(sqlite3.IntegrityError, match=reason):
        stranger("pragma recursive_triggers = off", f"drop trigger {dropped}", statement)


@pytest.fixture
def guarded(written: Path) -> sqlite3.Connection:
    """The writing connection, as the writer has it."""
    connection = connections.open_writer(written)
    connections.guard(connection)
    return connection


FORBIDDEN = [
    "drop trigger events_no_update",
    "drop table events",
    "drop table log_frontier",
    "alter table events rename to old_events",
    "alter table events add column mood text",
    "create trigger mine after insert on events begin select 1; end",
    "create table mine (a)",
    "create temp trigger mine before insert on events begin select raise(ignore); end",
    "pragma writable_schema = on",
    "pragma recursive_triggers = off",
    "pragma synchronous = off",
    "pragma journal_mode = delete",
    "pragma ignore_check_constraints = on",
    "pragma wal_checkpoint(truncate)",
    "attach database ':memory:' as other",
    "update events set data = '{}'",
    "delete from events",
    "delete from sqlite_master where type = 'trigger'",
    "update sqlite_master set sql = ''",
    "insert into sqlite_master values ('table', 'a', 'a', 0, '')",
    "delete from _sqlite_migrations",
    "vacuum",
    "reindex",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_our_own_connection_cannot_work_around_the_triggers(
    guarded: sqlite3.Connection, statement: str
) -> None:
    """A mistake in our own code, or a projection's, cannot take the protection away."""
    with pytest.raises(
        sqlite3.DatabaseError, match=r"not authorized|authorization denied|prohibited|may not be"
    ):
        guarded.execute(statement)
    guarded.close()


def test_our_own_connection_can_do_its_work(guarded: sqlite3.Connection) -> None:
    """The guard leaves what appending and projecting need."""
    guarded.execute("begin immediate")
    guarded.execute("savepoint one")
    guarded.execute(f"insert into events ({COLUMNS}) {copy_of('5', at='22', version='21')}")
    guarded.execute("delete from engine_runs where state = 'stopped'")
    guarded.execute("update log_frontier set size = size")
    guarded.execute("rollback to one")
    guarded.execute("rollback")
    guarded.close()


def test_a_reader_cannot_write(opened: Open) -> None:
    """Read models and timelines are read through connections that refuse every change."""
    log = opened()
    for statement in ("insert into load_times values (1, 'a', 1.0)", "create table mine (a)"):
        with log.reading() as connection, pytest.raises(sqlite3.OperationalError):
            connection.execute(statement)


def test_the_writer_waits_for_the_disk(guarded: sqlite3.Connection) -> None:
    """Every commit is synced, and the file is never mapped into memory."""
    guarded.set_authorizer(None)  # to look at what cannot be changed
    pragmas = {
        name: guarded.execute(f"pragma {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "recursive_triggers", "mmap_size")
    }
    guarded.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "recursive_triggers": 1,
        "mmap_size": 0,
    }


FORGERIES = {
    "changed": 'update events set data = \'{"version":"2","pid":4}\' where position = 21',
    "renamed actor": "update events set actor = 'somebody else' where position = 20",
    "removed at the end": "delete from events where position = 21",
    "given a new leaf": "update events set leaf = zeroblob(32) where position = 19",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_who_drops_the_triggers_is_found_out_on_open(
    forgery: str, stranger: Callable[..., None], opened: Open
) -> None:
    """The newest events are recomputed whenever the log is opened."""
    stranger("drop trigger events_no_update", "drop trigger events_no_delete", FORGERIES[forgery])
    with pytest.raises(LogDamaged):
        opened()


def test_an_event_slipped_in_from_outside_is_found_out_while_we_write(
    opened: Open, stranger: Callable[..., None]
) -> None:
    """The triggers refuse our next event, and no history is written on top of a forgery."""
    log = opened()
    stranger(f"insert into events ({COLUMNS}) {copy_of('5', at=NEXT, version='21')}")
    for _ in range(2):
        with pytest.raises(LogDamaged):
            log.append_now("app", [AppStopped(reason="x")], actor="cli")
    log.close()
    with pytest.raises(LogDamaged, match="22 events, but 21"):
        opened()


def test_one_changed_byte_in_the_file_is_found_out(written: Path, opened: Open) -> None:
    """SQLite's own check says a changed letter is fine; the hash does not."""
    content = bytearray(written.read_bytes())
    at = content.rindex(b'"pid":19')
    content[at + 7] ^= 1
    written.write_bytes(content)
    check = sqlite3.connect(written)
    assert check.execute("pragma integrity_check").fetchone() == ("ok",)
    check.close()
    with pytest.raises(LogDamaged, match="was changed"):
        opened()


def test_a_file_that_is_no_log_is_not_opened(path: Path, opened: Open) -> None:
    """It is refused and left as it is."""
    path.write_bytes(random.Random(1).randbytes(8192))
    before = path.read_bytes()
    with pytest.raises(LogDamaged):
        opened()
    assert path.read_bytes() == before


def test_a_damaged_log_can_still_be_read(stranger: Callable[..., None], opened: Open) -> None:
    """What is left is shown to whoever wants to see it; only writing on is refused."""
    stranger("drop trigger events_no_update", FORGERIES["changed"])
    assert len(opened(read_only=True).read_all()) == 21


def test_migrations_are_applied_once(written: Path) -> None:
    """Opening a log of today changes nothing in its schema."""
    connection = connections.open_writer(written)
    before = connection.execute("pragma schema_version").fetchone()
    schema.migrate(Database(connection, execute_plugins=False))
    assert connection.execute("pragma schema_version").fetchone() == before
    assert connection.execute("pragma application_id").fetchone() == (schema.APPLICATION_ID,)
    connection.close()
