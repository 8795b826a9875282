"""What is offered beside recipes: which virtual models, and which models of which providers?"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import ProviderRemoved, ProviderSaved, VirtualModelRemoved, VirtualModelSaved


class SavedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual model or a provider, as it was saved last."""

    id: str  # a virtual model's name, or a provider's id
    data: dict[str, Any]  # the fact's own fields
    saved_at: int  # µs since the epoch
    saved_by: str


class Offers:
    """One row a virtual model, one row a provider; what was removed is gone."""

    name = "offers"
    version = 1
    tables = ("virtual_models", "providers")
    reads = (VirtualModelSaved, VirtualModelRemoved, ProviderSaved, ProviderRemoved)

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        for table in self.tables:
            db.table(table).create(
                {"id": str, "data": str, "saved_at": int, "saved_by": str}, pk="id", strict=True
            )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case VirtualModelSaved(name=name):
                _save(connection, "virtual_models", name, recorded)
            case VirtualModelRemoved(name=name):
                connection.execute("delete from virtual_models where id = ?", (name,))
            case ProviderSaved(provider_id=provider_id):
                _save(connection, "providers", provider_id, recorded)
            case ProviderRemoved(provider_id=provider_id):
                connection.execute("delete from providers where id = ?", (provider_id,))


def virtual_models(connection: sqlite3.Connection) -> list[SavedOffer]:
    """List the virtual models by name."""
    return _offers(connection, "virtual_models")


def providers(connection: sqlite3.Connection) -> list[SavedOffer]:
    """List the providers by id."""
    return _offers(connection, "providers")


def _save(connection: sqlite3.Connection, table: str, id: str, recorded: Recorded) -> None:
    data = msgspec.to_builtins(recorded.event)
    del data["type"]
    connection.execute(
        f"insert or replace into {table} (id, data, saved_at, saved_by) values (?, ?, ?, ?)",
        (id, msgspec.json.encode(data).decode(), recorded.recorded_at, recorded.actor),
    )


def _offers(connection: sqlite3.Connection, table: str) -> list[SavedOffer]:
    rows = connection.execute(
        f"select id, data, saved_at, saved_by from {table} order by id"
    ).fetchall()
    return [
        SavedOffer(id=row[0], data=msgspec.json.decode(row[1]), saved_at=row[2], saved_by=row[3])
        for row in rows
    ]
