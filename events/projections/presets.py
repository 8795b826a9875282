"""Which presets are there? What they say is as the log holds it: sealed."""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import PresetRemoved, PresetSaved


class PresetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A preset, as it was saved last."""

    preset_id: str
    sealed: bytes
    saved_at: int  # µs since the epoch
    saved_by: str


class Presets:
    """One row a preset; what was removed is gone."""

    name = "presets"
    version = 1
    tables = ("presets",)
    reads = (PresetSaved, PresetRemoved)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("presets").create(
            {"preset_id": str, "sealed": bytes, "saved_at": int, "saved_by": str},
            pk="preset_id",
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case PresetSaved(preset_id=which, sealed=sealed):
                connection.execute(
                    "insert or replace into presets values (?, ?, ?, ?)",
                    (which, sealed, recorded.recorded_at, recorded.actor),
                )
            case PresetRemoved(preset_id=which):
                connection.execute("delete from presets where preset_id = ?", (which,))


def presets(connection: sqlite3.Connection) -> list[PresetRow]:
    """List them, the oldest first."""
    rows = connection.execute(
        "select preset_id, sealed, saved_at, saved_by from presets order by preset_id"
    ).fetchall()
    return [
        PresetRow(preset_id=row[0], sealed=bytes(row[1]), saved_at=row[2], saved_by=row[3])
        for row in rows
    ]
