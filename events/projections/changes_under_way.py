"""Which changes of what is resident were begun and have not ended?"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    SwitchCancelled,
    SwitchCompleted,
    SwitchDrained,
    SwitchDrainingStarted,
    SwitchEvictionFinished,
    SwitchFailed,
    SwitchRequested,
)


class ChangeUnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A change between its request and its outcome."""

    switch_id: str
    kind: str  # switch | load | evict
    target: str | None  # recipe id; None when everything is evicted
    evict: tuple[str, ...]
    step: str  # asked | draining | drained | evicting
    since: int  # µs since the epoch: when it was asked for
    actor: str
    position: int  # of its request


class ChangesUnderWay:
    """One row a change; none once it has an outcome."""

    name = "changes-under-way"
    version = 1
    tables = ("changes_under_way",)
    reads = (
        *(SwitchRequested, SwitchDrainingStarted, SwitchDrained, SwitchEvictionFinished),
        *(SwitchCompleted, SwitchFailed, SwitchCancelled),
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("changes_under_way").create(
            {
                "switch_id": str,
                "kind": str,
                "target": str,
                "evict": str,
                "step": str,
                "since": int,
                "actor": str,
                "position": int,
            },
            pk="switch_id",
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case SwitchRequested() as asked:
                connection.execute(
                    "insert or replace into changes_under_way (switch_id, kind, target, evict,"
                    " step, since, actor, position) values (?, ?, ?, ?, 'asked', ?, ?, ?)",
                    (
                        asked.switch_id,
                        asked.kind,
                        asked.target,
                        msgspec.json.encode(asked.evict).decode(),
                        recorded.recorded_at,
                        recorded.actor,
                        recorded.position,
                    ),
                )
            case SwitchDrainingStarted(switch_id=id):
                _step(connection, id, "draining")
            case SwitchDrained(switch_id=id):
                _step(connection, id, "drained")
            case SwitchEvictionFinished(switch_id=id):
                _step(connection, id, "evicting")
            case (
                SwitchCompleted(switch_id=id)
                | SwitchFailed(switch_id=id)
                | SwitchCancelled(switch_id=id)
            ):
                connection.execute("delete from changes_under_way where switch_id = ?", (id,))
            case _:
                return


def changes_under_way(connection: sqlite3.Connection) -> list[ChangeUnderWay]:
    """List them, oldest first."""
    fields = ChangeUnderWay.__struct_fields__
    rows = connection.execute(
        f"select {', '.join(fields)} from changes_under_way order by position"
    ).fetchall()
    found = []
    for row in rows:
        told = dict(zip(fields, row, strict=True))
        told["evict"] = tuple(msgspec.json.decode(told["evict"]))
        found.append(ChangeUnderWay(**told))
    return found


def _step(connection: sqlite3.Connection, switch_id: str, step: str) -> None:
    connection.execute(
        "update changes_under_way set step = ? where switch_id = ?", (step, switch_id)
    )
