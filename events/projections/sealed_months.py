"""Which months of requests were sealed, into what, and whose single requests were erased since?"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import AuditSegmentPruned, AuditSegmentSealed

_SEALED = (
    "month", "log_id", "file", "events", "size", "root", "sha256", "bytes", "first_at", "last_at",
)  # fmt: skip
_SAVE = (
    f"insert or replace into sealed_months ({', '.join(_SEALED)}, rollup, sealed_at)"
    f" values ({', '.join('?' * len(_SEALED))}, ?, ?)"
)


class SealedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A month whose log is over and sealed."""

    month: str  # as in 2026-11
    log_id: str
    file: str
    events: int
    size: int
    root: str  # in base64
    sha256: str  # of the file, in hex
    bytes: int
    first_at: int  # µs since the epoch
    last_at: int
    rollup: dict[str, Any]  # the file with its sums, and what it adds up to
    sealed_at: int
    pruned_at: int | None = None  # since when its single requests are erased
    pruned_by: str | None = None
    pruned_why: str | None = None


class PrunedMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A month whose single requests were erased; what they added up to is known."""

    month: str
    requests: int
    pruned_at: int  # µs since the epoch
    pruned_by: str
    pruned_why: str


class SealedMonths:
    """One row for each sealed month; a month that was sealed twice is what it was the last time."""

    name = "sealed-months"
    version = 1
    tables = ("sealed_months",)
    reads = (AuditSegmentSealed, AuditSegmentPruned)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.execute(
            "create table sealed_months (month text primary key, log_id text not null,"
            " file text not null, events integer not null, size integer not null,"
            " root text not null, sha256 text not null, bytes integer not null,"
            " first_at integer not null, last_at integer not null, rollup text not null,"
            " sealed_at integer not null, pruned_at integer, pruned_by text, pruned_why text)"
            " strict"
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case AuditSegmentSealed() as sealed:
                rollup = msgspec.json.encode(sealed.rollup).decode()
                values = [getattr(sealed, name) for name in _SEALED]
                connection.execute(_SAVE, (*values, rollup, recorded.recorded_at))
            case AuditSegmentPruned() as pruned:
                connection.execute(
                    "update sealed_months set pruned_at = ?, pruned_by = ?, pruned_why = ?"
                    " where month = ? and log_id = ?",
                    (
                        recorded.recorded_at,
                        recorded.actor,
                        pruned.reason,
                        pruned.month,
                        pruned.log_id,
                    ),
                )


def sealed_months(connection: sqlite3.Connection) -> list[SealedMonth]:
    """Every sealed month, newest first."""
    names = SealedMonth.__struct_fields__
    rows = connection.execute(
        f"select {', '.join(names)} from sealed_months order by month desc"
    ).fetchall()
    return [_month(dict(zip(names, row, strict=True))) for row in rows]


def pruned_months(
    connection: sqlite3.Connection, since: int | None = None, until: int | None = None
) -> tuple[PrunedMonth, ...]:
    """The months of a span of time (µs) whose single requests were erased, newest first."""
    return tuple(
        PrunedMonth(
            month=one.month,
            requests=int(one.rollup.get("requests", 0)),
            pruned_at=one.pruned_at,
            pruned_by=one.pruned_by or "",
            pruned_why=one.pruned_why or "",
        )
        for one in sealed_months(connection)
        if one.pruned_at is not None
        and (since is None or one.last_at >= since)
        and (until is None or one.first_at < until)
    )


def _month(row: dict[str, Any]) -> SealedMonth:
    return SealedMonth(**{**row, "rollup": msgspec.json.decode(row["rollup"])})
