"""Which engines were started, which are believed alive, and how did each end?

                    EngineStartRequested
                            │
                        starting ──────────── EngineStartFailed ──► failed
                            │ EngineStarted
                         loading ─────────────┐
                            │ EngineBecameReady│ EngineCrashed ────► failed
    EngineAdopted ───►    ready ──────────────┤
                            │ EngineStopRequested
                        stopping              └ EngineLost ────────► stopped
                            │ EngineStopped
                         stopped

    ready ─ EngineSleepRequested ─► falling-asleep ─ EngineFellAsleep ─► asleep
    asleep ─ EngineWakeRequested ─► waking ─ EngineWoke ─► ready
A sleep or a waking that fails leads to stopping (or back to ready, when it still serves), and what
was left alone at boot is left-alone.
A run that failed stays failed when its remains are stopped afterwards. Boot reconciles what is
alive here: a start without an outcome.
"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineFellAsleep,
    EngineLeftAlone,
    EngineLost,
    EngineProgressed,
    EngineSleepFailed,
    EngineSleepRequested,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    EngineWakeFailed,
    EngineWakeRequested,
    EngineWoke,
)

ALIVE = (
    *("starting", "loading", "ready", "stopping"),
    *("falling-asleep", "asleep", "waking", "left-alone"),
)


class EngineRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of an engine, as the log believes it."""

    engine_id: str
    recipe_id: str
    revision: int
    kind: str
    runtime: str | None
    model_name: str
    port: int
    nonce: str
    argv: tuple[str, ...]
    log_path: str  # relative to the data directory
    state: str  # one of ALIVE, or stopped, failed
    since: int  # µs since the epoch: when it came into this state
    pid: int | None
    process_group: int | None
    process_started_at: float | None  # seconds since the epoch
    phase: str
    percent: float | None
    requested_at: int  # µs since the epoch
    requested_by: str
    ready_seconds: float | None  # from the request until it answered
    adopted: bool  # taken over from an earlier run of the application
    error_code: str | None
    error: str | None
    next_action: str
    lines: tuple[str, ...]  # the decisive lines of its log
    exit_code: int | None
    fingerprint: str  # of everything that shaped the launch; empty in older logs
    devices: tuple[str, ...]  # GPUs by UUID; empty: all of them, or the log is older

    @property
    def alive(self) -> bool:
        """Whether it should still be running."""
        return self.state in ALIVE


class EngineRuns:
    """One row for each run there ever was."""

    name = "engine-runs"
    version = 3
    tables = ("engine_runs",)
    reads = (
        *(EngineStartRequested, EngineStarted, EngineProgressed, EngineBecameReady),
        *(EngineAdopted, EngineLeftAlone, EngineSleepRequested, EngineFellAsleep),
        *(EngineWakeRequested, EngineWoke, EngineSleepFailed, EngineWakeFailed),
        *(EngineStopRequested, EngineStopped, EngineLost, EngineStartFailed, EngineCrashed),
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("engine_runs").create(
            {
                "engine_id": str,
                "recipe_id": str,
                "revision": int,
                "kind": str,
                "runtime": str,
                "model_name": str,
                "port": int,
                "nonce": str,
                "argv": str,
                "log_path": str,
                "state": str,
                "since": int,
                "pid": int,
                "process_group": int,
                "process_started_at": float,
                "phase": str,
                "percent": float,
                "requested_at": int,
                "requested_by": str,
                "ready_seconds": float,
                "adopted": int,
                "error_code": str,
                "error": str,
                "next_action": str,
                "lines": str,
                "exit_code": int,
                "fingerprint": str,
                "devices": str,
            },
            pk="engine_id",
            not_null=(
                *("state", "since", "phase", "adopted", "next_action", "lines"),
                *("fingerprint", "devices"),
            ),
            defaults={
                "phase": "",
                "adopted": 0,
                "next_action": "",
                "lines": "[]",
                "fingerprint": "",
                "devices": "[]",
            },
            strict=True,
        )
        db.table("engine_runs").create_index(["state"])
        db.table("engine_runs").create_index(["recipe_id"])

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at = recorded.recorded_at
        match recorded.event:
            case EngineStartRequested() as asked:
                _insert(connection, asked, at, recorded.actor)
            case EngineStarted(engine_id=id) as started:
                _change(
                    connection,
                    id,
                    state="loading",
                    since=at,
                    pid=started.pid,
                    process_group=started.process_group,
                    process_started_at=started.process_started_at,
                )
            case EngineProgressed(engine_id=id, phase=phase, percent=percent):
                _change(connection, id, phase=phase, percent=percent)
            case EngineBecameReady(engine_id=id, seconds=seconds):
                _change(connection, id, state="ready", since=at, ready_seconds=seconds, **_QUIET)
            case EngineAdopted(engine_id=id, pid=pid, found=found):
                _change(
                    connection, id, state=found, since=at, pid=pid, adopted=1, error=None, **_QUIET
                )
            case EngineLeftAlone(engine_id=id, reason=reason):
                _change(connection, id, state="left-alone", since=at, error=reason, **_QUIET)
            case EngineSleepRequested(engine_id=id):
                _change(connection, id, state="falling-asleep", since=at)
            case EngineFellAsleep(engine_id=id):
                _change(connection, id, state="asleep", since=at)
            case EngineWakeRequested(engine_id=id):
                _change(connection, id, state="waking", since=at)
            case EngineWoke(engine_id=id) | EngineSleepFailed(engine_id=id, usable=True):
                _change(connection, id, state="ready", since=at)
            case EngineSleepFailed(engine_id=id) | EngineWakeFailed(engine_id=id):
                _change(connection, id, state="stopping", since=at)
            case EngineStopRequested(engine_id=id):
                _unless_failed(connection, id, "stopping", at)
            case EngineStopped(engine_id=id, exit_code=code):
                _unless_failed(connection, id, "stopped", at, code)
            case EngineLost(engine_id=id, reason=reason):
                _change(connection, id, state="stopped", since=at, error_code="lost", error=reason)
            case EngineStartFailed() | EngineCrashed() as failed:
                _change(
                    connection,
                    failed.engine_id,
                    state="failed",
                    since=at,
                    error_code=failed.code,
                    error=failed.reason,
                    next_action=failed.next_action,
                    exit_code=failed.exit_code,
                    lines=msgspec.json.encode(failed.lines).decode(),
                )
            case _:
                return


def engine_runs(
    connection: sqlite3.Connection,
    alive_only: bool = False,
    limit: int = 1000,
    recipe_id: str | None = None,
) -> list[EngineRun]:
    """List runs, newest first: all, or those believed alive, or those of one recipe."""
    where, values = "1", list[object]()
    if alive_only:
        where, values = f"state in ({', '.join('?' * len(ALIVE))})", list(ALIVE)
    if recipe_id is not None:
        where, values = f"{where} and recipe_id = ?", [*values, recipe_id]
    rows = connection.execute(
        f"select {', '.join(EngineRun.__struct_fields__)} from engine_runs where {where}"
        " order by requested_at desc, rowid desc limit ?",
        (*values, limit),
    ).fetchall()
    return [_run(row) for row in rows]


def engine_run(connection: sqlite3.Connection, engine_id: str) -> EngineRun | None:
    """Give one run."""
    row = connection.execute(
        f"select {', '.join(EngineRun.__struct_fields__)} from engine_runs where engine_id = ?",
        (engine_id,),
    ).fetchone()
    return _run(row) if row else None


_QUIET: dict[str, object] = {"phase": "", "percent": None}


def _run(row: tuple[Any, ...]) -> EngineRun:
    fields = dict(zip(EngineRun.__struct_fields__, row, strict=True))
    fields["argv"] = tuple(msgspec.json.decode(fields["argv"]))
    fields["lines"] = tuple(msgspec.json.decode(fields["lines"]))
    fields["devices"] = tuple(msgspec.json.decode(fields["devices"]))
    fields["adopted"] = bool(fields["adopted"])
    return EngineRun(**fields)


def _insert(
    connection: sqlite3.Connection, asked: EngineStartRequested, at: int, actor: str
) -> None:
    connection.execute(
        "insert into engine_runs (engine_id, recipe_id, revision, kind, runtime, model_name, port,"
        " nonce, argv, log_path, fingerprint, devices, state, since, requested_at, requested_by)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'starting', ?, ?, ?)"
        " on conflict (engine_id) do nothing",
        (
            asked.engine_id,
            asked.recipe_id,
            asked.revision,
            asked.kind,
            asked.runtime,
            asked.model_name,
            asked.port,
            asked.nonce,
            msgspec.json.encode(asked.argv).decode(),
            asked.log_path,
            asked.fingerprint,
            msgspec.json.encode(asked.devices).decode(),
            at,
            at,
            actor,
        ),
    )


def _change(connection: sqlite3.Connection, engine_id: str, **values: object) -> None:
    """Set columns of one run."""
    columns = ", ".join(f"{column} = ?" for column in values)
    connection.execute(
        f"update engine_runs set {columns} where engine_id = ?", (*values.values(), engine_id)
    )


def _unless_failed(
    connection: sqlite3.Connection,
    engine_id: str,
    state: str,
    at: int,
    exit_code: int | None = None,
) -> None:
    """Stopping the remains of a run that failed does not make it a run that was stopped."""
    connection.execute(
        "update engine_runs set state = ?, since = ?, phase = '', percent = null, exit_code = ?"
        " where engine_id = ? and state <> 'failed'",
        (state, at, exit_code, engine_id),
    )
