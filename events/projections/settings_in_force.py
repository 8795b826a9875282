"""Which settings were changed, and to what?"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import SettingChanged


class SettingsInForce:
    """One row a setting that was ever changed."""

    name = "settings-in-force"
    version = 1
    tables = ("settings_in_force",)
    reads = (SettingChanged,)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("settings_in_force").create(
            {"key": str, "value": str, "changed_at": int, "changed_by": str},
            pk="key",
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        if isinstance(recorded.event, SettingChanged):
            connection.execute(
                "insert into settings_in_force (key, value, changed_at, changed_by)"
                " values (?, ?, ?, ?) on conflict (key) do update set value = excluded.value,"
                " changed_at = excluded.changed_at, changed_by = excluded.changed_by",
                (
                    recorded.event.key,
                    msgspec.json.encode(recorded.event.value).decode(),
                    recorded.recorded_at,
                    recorded.actor,
                ),
            )


def settings_in_force(connection: sqlite3.Connection) -> dict[str, Any]:
    """Give the newest value of every setting that was changed, by key."""
    rows = connection.execute("select key, value from settings_in_force order by key").fetchall()
    return {key: msgspec.json.decode(value) for key, value in rows}
