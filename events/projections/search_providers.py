"""Where could research search, and which private hosts could it read?"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import ResearchHostsAllowed, ResearchProviderRemoved, ResearchProviderSaved


class SavedSearchProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A search provider, as it was configured last."""

    provider: str
    data: dict[str, Any]  # the fact's own fields
    saved_at: int  # µs since the epoch
    saved_by: str


class SearchProviders:
    """One row a provider that somebody configured, one for all hosts; what was removed is gone."""

    name = "search_providers"
    version = 1
    tables = ("search_providers", "search_hosts")
    reads = (ResearchProviderSaved, ResearchProviderRemoved, ResearchHostsAllowed)

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        columns: dict[str, type] = {"provider": str, "data": str, "saved_at": int, "saved_by": str}
        db.table("search_providers").create(columns, pk="provider", strict=True)
        db.table("search_hosts").create({"one": int, "hosts": str}, pk="one", strict=True)

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case ResearchProviderSaved(provider=provider) as saved:
                data = msgspec.to_builtins(saved)
                del data["type"]
                connection.execute(
                    "insert or replace into search_providers values (?, ?, ?, ?)",
                    (provider, _json(data), recorded.recorded_at, recorded.actor),
                )
            case ResearchProviderRemoved(provider=provider):
                connection.execute("delete from search_providers where provider = ?", (provider,))
            case ResearchHostsAllowed(hosts=hosts):
                connection.execute(
                    "insert or replace into search_hosts values (1, ?)", (_json(hosts),)
                )


def search_providers(connection: sqlite3.Connection) -> list[SavedSearchProvider]:
    """List those that were configured, by name."""
    rows = connection.execute("select provider, data, saved_at, saved_by from search_providers")
    return [
        SavedSearchProvider(
            provider=row[0], data=msgspec.json.decode(row[1]), saved_at=row[2], saved_by=row[3]
        )
        for row in sorted(rows.fetchall())
    ]


def private_hosts(connection: sqlite3.Connection) -> list[str]:
    """List the hosts of private networks that might be read."""
    row = connection.execute("select hosts from search_hosts").fetchone()
    return msgspec.json.decode(row[0], type=list[str]) if row else []


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
