"""Whether the file is whole, and its tables and triggers are those that were made.

The triggers prove nothing by themselves, for whoever has the file can drop them and make them
anew. But where one is missing, somebody did.
"""

import re
import sqlite3

from sqlite_utils import Database

from events import schema
from events.audit.claims import Claim, disproved, proved, skipped

STRUCTURE, TABLES = "structure", "tables and triggers"
MESSAGES = 20  # of SQLite's own, at most

Made = dict[str, tuple[str, str, str]]  # by name: kind, table, SQL


def structure_claim(connection: sqlite3.Connection, log: str) -> Claim:
    """SQLite's own look at every page, index and column."""
    found = connection.execute(f"pragma integrity_check({MESSAGES})").fetchall()
    messages = [_text(row[0]) for row in found]
    if messages == ["ok"]:
        return proved(log, STRUCTURE, "The file is whole: every page, index and type is in order.")
    return disproved(log, STRUCTURE, f"The file is damaged: {messages[0]}.")


def tables_claim(connection: sqlite3.Connection, log: str) -> Claim:
    """The log's tables and triggers beside those of a log made now, or by an older version."""
    steps, applied = _steps_there_are(), _steps_of(connection)
    if set(applied) - set(steps):
        return skipped(log, TABLES, "The log was last opened by a newer version of vLLM Studio.")
    if applied != steps[: len(applied)]:
        return disproved(log, TABLES, "The list of steps by which the tables were made is broken.")
    found = _difference(_as_made(steps[len(applied) :]), made(connection))
    if found:
        return disproved(log, TABLES, found)
    if connection.execute("pragma application_id").fetchone()[0] != schema.APPLICATION_ID:
        return disproved(log, TABLES, "The file does not say that it is a log of vLLM Studio.")
    older = "" if applied == steps else " They are those of an earlier version."
    return proved(log, TABLES, f"Tables and append-only triggers are those that were made.{older}")


def has_tiles(connection: sqlite3.Connection) -> bool:
    """Whether the log was ever opened by a version that keeps tiles."""
    return "m005_tiles" in _steps_of(connection)


def _difference(wanted: Made, there: Made) -> str:
    """What is not as it was made, in a sentence; read models are free to add tables."""
    for name, made in wanted.items():
        if name not in there:
            return f"The {made[0]} {name} is missing: somebody dropped it."
        if there[name] != made:
            return f"The {made[0]} {name} is not the one that was made."
    tables = {table for _, table, _ in wanted.values()}
    for name, (kind, table, _) in there.items():
        if name not in wanted and (kind in ("trigger", "view") or table in tables):
            return f"Somebody added the {kind} {name} to the log's file."
    return ""


def _as_made(missing: list[str]) -> Made:
    """The tables of a fresh log, without those of the steps that are missing."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database = Database(connection, execute_plugins=False)
        schema.migrations.apply(database, stop_before=missing)
        return made(connection)
    finally:
        connection.close()


def made(connection: sqlite3.Connection) -> Made:
    """Everything in a file, with its SQL as far as it matters."""
    rows = connection.execute(
        "select cast(type as blob), cast(name as blob), cast(tbl_name as blob), cast(sql as blob)"
        " from sqlite_master"
    ).fetchall()
    those = [[_text(value) for value in row] for row in rows]
    return {
        name: (kind, table, re.sub(r'[\s"\[\]`]+', "", sql).lower())
        for kind, name, table, sql in those
        if not name.startswith("sqlite_")
    }


def _steps_there_are() -> list[str]:
    connection = sqlite3.connect(":memory:")
    try:
        return [step.name for step in schema.migrations.pending(Database(connection))]
    finally:
        connection.close()


def _steps_of(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "select cast(name as blob) from _sqlite_migrations where migration_set = ? order by id",
        (schema.migrations.name,),
    ).fetchall()
    return [_text(row[0]) for row in rows]


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
