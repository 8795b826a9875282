"""Which engine versions are installed, and which are on their way?"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    RuntimeInstalled,
    RuntimeInstallFailed,
    RuntimeInstallProgressed,
    RuntimeInstallRequested,
    RuntimeRemoved,
)


class RuntimeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One engine version, as the log believes it."""

    runtime_id: str
    kind: str
    version: str
    state: str  # installing | installed | failed
    since: int  # µs since the epoch: when it came into this state
    phase: str
    percent: float | None
    bytes_on_disk: int | None
    seconds: float | None  # the installation took
    error: str | None
    next_action: str


class RuntimesInstalled:
    """One row for each version that is installed, installing, or failed to; none once removed."""

    name = "runtimes-installed"
    version = 1
    tables = ("runtimes_installed",)
    reads = (
        *(RuntimeInstallRequested, RuntimeInstallProgressed, RuntimeInstalled),
        *(RuntimeInstallFailed, RuntimeRemoved),
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("runtimes_installed").create(
            {
                "runtime_id": str,
                "kind": str,
                "version": str,
                "state": str,
                "since": int,
                "phase": str,
                "percent": float,
                "bytes_on_disk": int,
                "seconds": float,
                "error": str,
                "next_action": str,
            },
            pk="runtime_id",
            not_null=("state", "since", "phase", "next_action"),
            defaults={"phase": "", "next_action": ""},
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at = recorded.recorded_at
        match recorded.event:
            case RuntimeInstallRequested(runtime_id=id, kind=kind, version=version):
                _replace(connection, id, kind=kind, version=version, state="installing", since=at)
            case RuntimeInstallProgressed(runtime_id=id, phase=phase, percent=percent):
                connection.execute(
                    "update runtimes_installed set phase = ?, percent = ? where runtime_id = ?",
                    (phase, percent, id),
                )
            case RuntimeInstalled(runtime_id=id) as done:
                _replace(
                    connection,
                    id,
                    kind=done.kind,
                    version=done.version,
                    state="installed",
                    since=at,
                    bytes_on_disk=done.bytes_on_disk,
                    seconds=done.seconds,
                )
            case RuntimeInstallFailed(runtime_id=id, reason=reason, next_action=next_action):
                connection.execute(
                    "update runtimes_installed set state = 'failed', since = ?, phase = '',"
                    " percent = null, error = ?, next_action = ? where runtime_id = ?",
                    (at, reason, next_action, id),
                )
            case RuntimeRemoved(runtime_id=id):
                connection.execute("delete from runtimes_installed where runtime_id = ?", (id,))
            case _:
                return


def runtimes_installed(
    connection: sqlite3.Connection, state: str | None = None
) -> list[RuntimeRow]:
    """List engine versions by id: all, or those in one state."""
    rows = connection.execute(
        f"select {', '.join(RuntimeRow.__struct_fields__)} from runtimes_installed"
        " where state = coalesce(?, state) order by runtime_id",
        (state,),
    ).fetchall()
    fields = RuntimeRow.__struct_fields__
    return [RuntimeRow(**dict(zip(fields, row, strict=True))) for row in rows]


def _replace(connection: sqlite3.Connection, runtime_id: str, **values: object) -> None:
    columns = ", ".join(("runtime_id", *values))
    connection.execute(
        f"insert or replace into runtimes_installed ({columns})"
        f" values ({', '.join('?' * (len(values) + 1))})",
        (runtime_id, *values.values()),
    )
