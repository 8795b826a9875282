"""Whether the read models are the fold of the log: folded anew, in memory, and compared.

They can be thrown away at any time, so a wrong one harms no record; but what the studio shows
and does comes from them.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from events import reading, replay
from events.audit.claims import Claim, disproved, proved, skipped
from events.audit.structure import made
from events.projections.projector import Projection, ProjectionFailed

READ_MODELS = "read models"
AT_ONCE = 5000  # rows


class Standing(msgspec.Struct):
    """A read model as it stands in the file."""

    projection: Projection
    position: int
    tables: dict[str, bytes]


def models_claim(
    connection: sqlite3.Connection,
    log: str,
    projections: Sequence[Projection],
) -> Claim:
    """Fold the log as far as each read model says it has got, and compare."""
    standing, older = _standing(connection, projections)
    if not standing:
        return skipped(log, READ_MODELS, "No read model here is one that this version makes.")
    folded = replay.empty([one.projection for one in standing])
    try:
        at = 0
        for until in sorted({one.position for one in standing}):
            for page in reading.pages(connection, at, until):
                replay.fold(folded, [o.projection for o in standing if o.position >= until], page)
            at = until
        for one in standing:
            if _shape(connection, one.projection) != _shape(folded, one.projection):
                says = (
                    f"The tables of the read model {one.projection.name} are not as it makes them."
                )
                return disproved(log, READ_MODELS, says, until=one.position)
            for table, digest in one.tables.items():
                if _digest(folded, table) != digest:
                    name = one.projection.name
                    says = f"The read model {name} ({table}) is not what the log adds up to."
                    return disproved(log, READ_MODELS, says, until=one.position)
    except ProjectionFailed as failure:
        return disproved(log, READ_MODELS, f"{failure}.", position=failure.position)
    finally:
        folded.close()
    left = f"; {len(older)} are another version's and will be made anew" if older else ""
    until = min(one.position for one in standing)
    said = f"All {len(standing)} read models are what the log adds up to{left}."
    return proved(log, READ_MODELS, said, until=until)


def _standing(
    connection: sqlite3.Connection, projections: Sequence[Projection]
) -> tuple[list[Standing], list[str]]:
    """In one picture: the writer folds and appends in one transaction."""
    standing, older = [], []
    connection.execute("begin")
    try:
        known = {
            name: (version, position, tables, problem)
            for name, version, position, tables, problem in connection.execute(
                "select name, version, position, tables, problem from log_projections"
            ).fetchall()
        }
        for projection in projections:
            row = known.get(projection.name)
            if row is None or row[0] != projection.version or row[3] is not None:
                older.append(projection.name)
                continue
            tables = {table: _digest(connection, table) for table in projection.tables}
            standing.append(Standing(projection, row[1], tables))
    finally:
        connection.rollback()
    return standing, older


def _shape(connection: sqlite3.Connection, projection: Projection) -> list[tuple[str, ...]]:
    """Its tables and indexes, which a writer needs as they were made."""
    return sorted(
        (name, *those) for name, those in made(connection).items() if those[1] in projection.tables
    )


def _digest(connection: sqlite3.Connection, table: str) -> bytes:
    """A hash of a table's rows, in an order that depends on nothing but them."""
    try:
        cursor = connection.execute(f'select * from "{table}"')
        columns = ", ".join(str(number + 1) for number in range(len(cursor.description)))
        cursor = connection.execute(f'select * from "{table}" order by {columns}')
        digest = sha256()
        while rows := cursor.fetchmany(AT_ONCE):
            digest.update(repr(rows).encode("utf-8", "surrogatepass"))
    except sqlite3.OperationalError:
        return b"there is no such table, or its text is none"
    return digest.digest()
