"""Did the studio and its gateway run, since when, and which models were routed?"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    AppCrashDetected,
    AppStarted,
    AppStopped,
    GatewayBecameReady,
    GatewayConfigApplied,
    GatewayCrashed,
    GatewayStarted,
    GatewayStopped,
)

STUDIO, GATEWAY = "studio", "gateway"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """The studio or its gateway, as the log believes it."""

    name: str  # studio | gateway
    state: str  # starting | ready | crashed | stopped
    since: int  # µs since the epoch: when it came into this state
    version: str  # of the studio; empty of the gateway
    pid: int | None
    routes: tuple[str, ...]  # the models that the gateway routed; none of the studio
    reason: str  # why it stopped or crashed


class Services:
    """A row for each that ever ran."""

    name = "services"
    version = 1
    tables = ("services",)
    reads = (
        *(AppStarted, AppStopped, AppCrashDetected),
        *(GatewayStarted, GatewayBecameReady, GatewayConfigApplied, GatewayCrashed, GatewayStopped),
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("services").create(
            {
                "name": str,
                "state": str,
                "since": int,
                "version": str,
                "pid": int,
                "routes": str,
                "reason": str,
            },
            pk="name",
            not_null=("state", "since", "version", "routes", "reason"),
            defaults={"version": "", "routes": "[]", "reason": ""},
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in; the gateway ends with the studio."""
        at = recorded.recorded_at
        match recorded.event:
            case AppStarted(version=version, pid=pid):
                _begin(connection, STUDIO, "ready", at, version, pid)
            case AppStopped(reason=reason):
                _end(connection, STUDIO, "stopped", at, reason)
                _end(connection, GATEWAY, "stopped", at, "the studio stopped")
            case AppCrashDetected():
                _end(connection, STUDIO, "crashed", at, "it ended without saying goodbye")
            case GatewayStarted(pid=pid):
                _begin(connection, GATEWAY, "starting", at, "", pid)
            case GatewayBecameReady():
                connection.execute(
                    "update services set state = 'ready', since = ? where name = ?", (at, GATEWAY)
                )
            case GatewayConfigApplied(models=models):
                connection.execute(
                    "insert into services (name, state, since, routes) values (?, 'starting', ?, ?)"
                    " on conflict (name) do update set routes = excluded.routes",
                    (GATEWAY, at, msgspec.json.encode(models).decode()),
                )
            case GatewayCrashed(reason=reason):
                _end(connection, GATEWAY, "crashed", at, reason)
            case GatewayStopped():
                _end(connection, GATEWAY, "stopped", at, "")
            case _:
                return


def services(connection: sqlite3.Connection) -> dict[str, Service]:
    """Give both by name, as far as they ever ran."""
    fields = Service.__struct_fields__
    rows = connection.execute(f"select {', '.join(fields)} from services order by name").fetchall()
    told = (dict(zip(fields, row, strict=True)) for row in rows)
    return {
        str(one["name"]): Service(
            **{**one, "routes": msgspec.json.decode(one["routes"], type=tuple[str, ...])}
        )
        for one in told
    }


def _begin(
    connection: sqlite3.Connection, name: str, state: str, at: int, version: str, pid: int
) -> None:
    """What it routed before stays until it is told anew."""
    connection.execute(
        "insert into services (name, state, since, version, pid) values (?, ?, ?, ?, ?)"
        " on conflict (name) do update set state = excluded.state, since = excluded.since,"
        " version = excluded.version, pid = excluded.pid, reason = ''",
        (name, state, at, version, pid),
    )


def _end(connection: sqlite3.Connection, name: str, state: str, at: int, reason: str) -> None:
    connection.execute(
        "update services set state = ?, since = ?, pid = null, routes = '[]', reason = ?"
        " where name = ? and state <> ?",
        (state, at, reason, name, state),
    )
