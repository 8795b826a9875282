"""How long did each phase of a load take, by recipe, by kind of engine, and by the way it began?

A load is remembered when it came to an answer; what failed or was stopped tells nothing about the
next one. Cold starts, warm ones (a spare interpreter had its imports behind it) and wakings are
kept apart: they share a name and nothing else.

    EngineStarted ─► launching ─ EngineProgressed ─► phase … ─ EngineBecameReady ─► remembered
"""

import sqlite3
from collections.abc import Iterable
from statistics import median

from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    EngineBecameReady,
    EngineCrashed,
    EngineLost,
    EngineProgressed,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    EngineWoke,
)

REMEMBERED = 5  # newest loads that count
LAUNCHING = "launching"  # until the first line that tells a phase
WAKING = "waking"
COLD, WARM, WAKE = "cold", "warm", "wake"  # the ways to begin

Phases = tuple[tuple[str, float], ...]


class LoadPhases:
    """One row for each phase of a load; a load under way has its rows without an answer."""

    name = "load-phases"
    version = 1
    tables = ("load_phases", "loads")
    reads = (
        *(EngineStartRequested, EngineStarted, EngineProgressed, EngineBecameReady, EngineWoke),
        *(EngineStartFailed, EngineStopRequested, EngineStopped, EngineCrashed, EngineLost),
    )

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        db.table("loads").create(
            {
                "engine_id": str,
                "recipe_id": str,
                "kind": str,
                "way": str,
                "phase": str,  # the present one
                "phase_since": int,  # µs since the epoch
                "ready_at": int,  # position; null while it loads
            },
            pk="engine_id",
            strict=True,
        )
        db.table("loads").create_index(["recipe_id", "way", "ready_at"])
        db.table("loads").create_index(["kind", "way", "ready_at"])
        db.table("load_phases").create(
            {"engine_id": str, "number": int, "phase": str, "seconds": float},
            pk=("engine_id", "number"),
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at = recorded.recorded_at
        match recorded.event:
            case EngineStartRequested(engine_id=engine_id, recipe_id=recipe_id, kind=kind):
                open_load(connection, engine_id, recipe_id, kind)
            case EngineStarted(engine_id=engine_id) as started:
                way = WARM if getattr(started, "warm", False) else COLD
                begin(connection, engine_id, way, at)
            case EngineProgressed(engine_id=engine_id, phase=phase):
                enter(connection, engine_id, phase, at)
            case EngineBecameReady(engine_id=engine_id):
                finish(connection, engine_id, at, recorded.position)
            case EngineWoke(engine_id=engine_id, recipe_id=recipe_id, seconds=seconds):
                remember_waking(connection, engine_id, recipe_id, seconds, recorded.position)
            case (
                EngineStartFailed(engine_id=engine_id)
                | EngineStopRequested(engine_id=engine_id)
                | EngineStopped(engine_id=engine_id)
                | EngineCrashed(engine_id=engine_id)
                | EngineLost(engine_id=engine_id)
            ):
                forget_unfinished(connection, engine_id)
            case _:
                pass


def open_load(connection: sqlite3.Connection, engine_id: str, recipe_id: str, kind: str) -> None:
    """It was asked for; nothing runs yet."""
    connection.execute(
        "insert or replace into loads (engine_id, recipe_id, kind, way) values (?, ?, ?, ?)",
        (engine_id, recipe_id, kind, COLD),
    )


def begin(connection: sqlite3.Connection, engine_id: str, way: str, at: int) -> None:
    """Its process runs."""
    connection.execute(
        "update loads set way = ?, phase = ?, phase_since = ? where engine_id = ?",
        (way, LAUNCHING, at, engine_id),
    )


def enter(connection: sqlite3.Connection, engine_id: str, phase: str, at: int) -> None:
    """A phase begins, and the one before it is over; a step within a phase changes nothing."""
    row = connection.execute(
        "select phase from loads where engine_id = ? and ready_at is null", (engine_id,)
    ).fetchone()
    if row is None or row[0] is None or row[0] == phase:
        return
    close_phase(connection, engine_id, at)
    connection.execute(
        "update loads set phase = ?, phase_since = ? where engine_id = ?", (phase, at, engine_id)
    )


def close_phase(connection: sqlite3.Connection, engine_id: str, at: int) -> None:
    """Write down how long the present phase took."""
    connection.execute(
        "insert into load_phases (engine_id, number, phase, seconds)"
        " select engine_id,"
        "  (select count(*) from load_phases p where p.engine_id = l.engine_id),"
        "  phase, max(0, ? - phase_since) / 1e6"
        " from loads l where engine_id = ? and phase is not null",
        (at, engine_id),
    )


def finish(connection: sqlite3.Connection, engine_id: str, at: int, position: int) -> None:
    """It answers: from now on the load counts."""
    row = connection.execute(
        "select 1 from loads where engine_id = ? and phase is not null and ready_at is null",
        (engine_id,),
    ).fetchone()
    if row is not None:
        close_phase(connection, engine_id, at)
        connection.execute(
            "update loads set ready_at = ? where engine_id = ?", (position, engine_id)
        )


def remember_waking(
    connection: sqlite3.Connection, engine_id: str, recipe_id: str, seconds: float, position: int
) -> None:
    """A waking is a load of one phase; a run may wake many times."""
    kind = connection.execute("select kind from loads where engine_id = ?", (engine_id,)).fetchone()
    key = f"{engine_id} {position}"
    connection.execute(
        "insert into loads (engine_id, recipe_id, kind, way, phase, ready_at)"
        " values (?, ?, ?, ?, ?, ?)",
        (key, recipe_id, kind[0] if kind else "", WAKE, WAKING, position),
    )
    connection.execute(
        "insert into load_phases (engine_id, number, phase, seconds) values (?, 0, ?, ?)",
        (key, WAKING, seconds),
    )


def forget_unfinished(connection: sqlite3.Connection, engine_id: str) -> None:
    """It did not come to an answer."""
    connection.execute(
        "delete from load_phases where engine_id in"
        " (select engine_id from loads where engine_id = ? and ready_at is null)",
        (engine_id,),
    )
    connection.execute("delete from loads where engine_id = ? and ready_at is null", (engine_id,))


# Reading


def phases_of_recipe(connection: sqlite3.Connection, recipe_id: str, way: str = COLD) -> Phases:
    """The median of each phase over the recipe's newest loads; empty when it never loaded so."""
    return _medians(connection, "recipe_id", recipe_id, way)


def phases_of_kind(connection: sqlite3.Connection, kind: str, way: str = COLD) -> Phases:
    """The same over the newest loads of any recipe of that kind of engine."""
    return _medians(connection, "kind", kind, way)


def expected_wake(connection: sqlite3.Connection, recipe_id: str) -> float | None:
    """How long its newest wakings took, in seconds; None when it never woke."""
    phases = phases_of_recipe(connection, recipe_id, WAKE)
    return phases[0][1] if phases else None


def load_seconds(connection: sqlite3.Connection) -> dict[tuple[str, str], float]:
    """By recipe and way to begin: the median of its newest loads, in seconds.

    Goes from one recipe to the next in the index: asked for every picture of the status, it must
    not cost more with every load that ever was.
    """
    rows = connection.execute(
        "with recursive recipes (id) as ("
        "  select min(recipe_id) from loads union all"
        "  select (select min(recipe_id) from loads where recipe_id > id) from recipes"
        "   where id is not null"
        "), ways (way) as (values (?), (?), (?))"
        " select l.recipe_id, l.way, sum(p.seconds) from recipes join ways join loads l"
        "  on l.rowid in (select n.rowid from loads n where n.recipe_id = recipes.id"
        "   and n.way = ways.way and n.ready_at is not null order by n.ready_at desc limit ?)"
        " join load_phases p using (engine_id) group by l.engine_id",
        (COLD, WARM, WAKE, REMEMBERED),
    ).fetchall()
    took: dict[tuple[str, str], list[float]] = {}
    for recipe_id, way, seconds in rows:
        took.setdefault((recipe_id, way), []).append(float(seconds))
    return {key: median(seconds) for key, seconds in took.items()}


def _medians(connection: sqlite3.Connection, column: str, value: str, way: str) -> Phases:
    rows = connection.execute(
        "select p.engine_id, p.number, p.phase, p.seconds from load_phases p"
        " where p.engine_id in (select engine_id from loads"
        f"  where {column} = ? and way = ? and ready_at is not null"
        "  order by ready_at desc limit ?)"
        " order by p.number",
        (value, way, REMEMBERED),
    ).fetchall()
    return tuple(_by_phase(rows))


def _by_phase(rows: list[tuple[str, int, str, float]]) -> Iterable[tuple[str, float]]:
    """Phases in the order they come; a phase that few loads had counts as nothing in the others."""
    loads = len({engine_id for engine_id, _, _, _ in rows})
    for phase in dict.fromkeys(phase for _, _, phase, _ in rows):
        took = [seconds for _, _, name, seconds in rows if name == phase]
        yield phase, median(took + [0.0] * (loads - len(took)))
