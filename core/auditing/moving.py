"""A damaged log's files are moved aside, never deleted, and a new log is put in their place.

    1  main.db.building     the new log is made                        a crash: begun again
    2  main.db.recovered    it is whole and on the disk                a crash: goes on with 3
    3  main.db-wal, main.db → ….damaged-20261130-014500, untouched     a crash: goes on with 3
    4  main.db.recovered → main.db                                     done

The write-ahead file goes first: left behind, it would be taken for the new log's.
"""

import os
from pathlib import Path

from core.auditing.notes import sync_folder
from events.lock import ProcessLock

PARTS = ("-wal", "-shm", "")  # in this order


def building(log: Path) -> Path:
    """Where the new log is made; what an earlier attempt left is removed."""
    path = log.with_name(log.name + ".building")
    _clear(path)
    return path


def finished(log: Path) -> Path:
    """Where a new log waits that is whole, and only has to be put in place."""
    return log.with_name(log.name + ".recovered")


def put_in_place(log: Path, stamp: str) -> tuple[Path, ...]:
    """Make the log that was built the log. Returns where the files of the old one are now."""
    made = log.with_name(log.name + ".building")
    with made.open("rb") as file:
        os.fsync(file.fileno())
    rename(made, finished(log))
    sync_folder(log.parent)
    _clear(made)
    return _swap(log, stamp)


def finish_recovery(log: Path) -> None:
    """Go on where a recovery was cut off, once the new log was whole.

    Raises LogLocked, LogUnavailable or OSError.
    """
    new = finished(log)
    if not new.exists():
        return
    lock = ProcessLock.take(log.with_name(log.name + ".lock"))
    try:
        _swap(log, f"{int(new.stat().st_mtime)}")
    finally:
        lock.release()


def _swap(log: Path, stamp: str) -> tuple[Path, ...]:
    aside = []
    for part in PARTS:
        old = log.with_name(log.name + part)
        if old.exists():
            aside.append(_free(log.with_name(f"{log.name}.damaged-{stamp}{part}")))
            rename(old, aside[-1])
    sync_folder(log.parent)
    rename(finished(log), log)
    sync_folder(log.parent)
    return tuple(aside)


def _clear(path: Path) -> None:
    for part in (*PARTS, ".lock"):
        path.with_name(path.name + part).unlink(missing_ok=True)


def rename(path: Path, target: Path) -> Path:
    """One step."""
    return path.replace(target)


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free
