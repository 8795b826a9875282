"""How the log's file is opened: one connection that writes, any number that only read.

Exactly one connection writes and checkpoints. SQLite before 3.51.3 can damage a log when two
do so at the same instant, and one writer is also what makes positions gapless without locks.
The write-ahead file is never truncated: a commit that overwrites allocated blocks costs half
of one that has to grow the file.
"""

import os
import sqlite3
from pathlib import Path

from events.errors import LogUnavailable

BUSY_TIMEOUT_S = 10.0
CACHE_MIB = 16  # of the writer's pages in memory, at most; full after some ten thousand events

_FREE = frozenset(
    {
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
    }
)
_NO_HELPERS = frozenset(  # the folder is read-only, or its disk is full
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
    }
)
_CHANGES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_SYSTEM = frozenset({"sqlite_master", "sqlite_schema", "_sqlite_migrations"})


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes, for setting up; `guard` makes it the log's.

    Tables and read models made until then need not wait for the disk: a power cut that loses
    them loses no fact, and the first fact that is synced takes them along.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's own files inherit the mode
    connection = _connect(path.resolve().as_uri() + "?mode=rw")
    try:
        mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
        if mode != "wal":
            raise LogUnavailable(f"no write-ahead log is possible here (journal mode {mode})")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma recursive_triggers = on")  # REPLACE fires the delete trigger
        connection.execute(f"pragma cache_size = -{CACHE_MIB * 1024}")
        connection.execute("pragma temp_store = memory")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot change anything, also where SQLite can make no file."""
    address = path.resolve().as_uri() + "?mode=ro"
    try:
        return _reader(address)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NO_HELPERS:
            raise
        if _has_more(Path(f"{path}-wal")) or not path.exists():
            raise  # what the write-ahead file holds would be missed
        return _reader(address + "&immutable=1")


def guard(connection: sqlite3.Connection) -> None:
    """From now on a commit returns when the disk has it, and nothing but appending is allowed.

    Triggers stop UPDATE and DELETE; this stops dropping the triggers, or walking around them
    with ATTACH, ALTER or `writable_schema`.
    """
    connection.execute("pragma synchronous = full")
    connection.set_authorizer(_authorize)


def _has_more(write_ahead: Path) -> bool:
    return write_ahead.exists() and write_ahead.stat().st_size > 0


def _connect(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S
    )
    connection.execute("pragma trusted_schema = off")
    connection.execute("pragma mmap_size = 0")
    return connection


def _reader(address: str) -> sqlite3.Connection:
    connection = _connect(address)
    try:
        connection.execute("pragma query_only = on")
        connection.execute("select count(*) from sqlite_master").fetchone()
    except UnicodeDecodeError as error:  # SQLite's own message quotes what is damaged
        connection.close()
        damaged = sqlite3.DatabaseError("the list of tables is damaged")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged from error
    except BaseException:
        connection.close()
        raise
    return connection


def _authorize(
    action: int, first: str | None, second: str | None, database: str | None, source: str | None
) -> int:
    """Allow what appending and projecting need, and nothing else."""
    table = (first or "").lower()
    adding = action == sqlite3.SQLITE_INSERT
    changing_a_read_model = action in _CHANGES and table not in _SYSTEM
    if action in _FREE or (changing_a_read_model and (adding or table != "events")):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
