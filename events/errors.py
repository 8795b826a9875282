"""What the log can refuse or suffer, drawn once so that a caller knows what to catch.

EventError              something about the log went wrong
├── VersionConflict     somebody else appended to the stream first; read again and decide again
├── NotRecordable       the fact cannot be written as JSON and read back; nothing was written
├── SubscriberTooSlow   a follower fell behind; resume after `position`
├── LogLocked           another process has the log open for writing
├── LogUnavailable      the disk is full, read-only or failing, or the log is closed;
│   │                   nothing was written
│   └── LogNewer        a newer version made the file, with tables that this one does not know
└── LogDamaged          the file is not what was written; nothing is repaired behind your back
    └── LogRolledBack   what was signed for, outside, is not in it any more

`from_sqlite` is the one place where a SQLite error becomes one of these.
"""

import sqlite3
import traceback

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT})
_MACHINE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_UNSYNCED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


class EventError(Exception):
    """Base of everything this package raises on purpose. The message is a sentence."""


class VersionConflict(EventError):
    """The stream is not at the version the caller decided on."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not at {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class NotRecordable(EventError):
    """The fact would not survive being written as JSON and read back."""


class SubscriberTooSlow(EventError):
    """More facts came than the follower's queue holds; `position` is the last one it was given."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the follower fell behind; it was last told of position {position}")
        self.position = position


class LogLocked(EventError):
    """Another process writes this log; `pid` is its number, where it said so."""

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class LogUnavailable(EventError):
    """The log cannot be written or read now; nothing was written."""


class LogNewer(LogUnavailable):
    """A newer version made the file: it can be read, but writing might not fit what it expects."""


class LogDamaged(EventError):
    """The file does not hold what was written to it; `position` is the first bad one, if known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class LogRolledBack(LogDamaged):
    """A checkpoint that was kept outside tells more than the log, or something else."""


def primary_code(error: sqlite3.Error) -> int:
    """Give the primary result code of a SQLite error, 0 when Python raised it by itself."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def from_sqlite(error: sqlite3.Error) -> EventError:
    """Say what a SQLite error means for the log."""
    if primary_code(error) in _DAMAGE:
        return LogDamaged(f"the log is damaged or was changed from outside: {error}")
    return LogUnavailable(f"the log cannot be used now: {error}")


def is_the_machines(error: BaseException) -> bool:
    """Tell a failing disk or memory from a mistake in the statement."""
    return isinstance(error, sqlite3.Error) and primary_code(error) in _MACHINE


def sync_failed(error: sqlite3.Error) -> bool:
    """Tell whether the disk would not confirm a write.

    After that the kernel may hold pages it will never write, so nothing later can be trusted
    until the log is opened again.
    """
    return int(getattr(error, "sqlite_errorcode", 0) or 0) in _UNSYNCED


def place_of(error: BaseException) -> str:
    """Name an error and where it was raised; its message may hold data, which is never logged."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name}, line {frames[-1].lineno}"
