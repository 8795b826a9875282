"""Which keys were issued, by whom, and which of them still open the door?

Revoked keys stay in the table: who still uses one is told what happened to it.
"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import KeyIssued, KeyLimitsSet, KeyReinstated, KeyRevoked
from events.facts.key import KeyLimits

_limits = msgspec.json.Decoder(KeyLimits)


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key; all of it may be shown, for the secret is not here."""

    key_id: str
    name: str
    prefix: str
    digest: str
    issued_at: int  # µs since the epoch
    issued_by: str
    expires_at: int | None = None
    revoked_at: int | None = None
    revoked_by: str | None = None
    limits: KeyLimits = KeyLimits()


class KeysInForce:
    """One row a key that was ever issued."""

    name = "keys-in-force"
    version = 3
    tables = ("issued_keys",)
    reads = (KeyIssued, KeyLimitsSet, KeyRevoked, KeyReinstated)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("issued_keys").create(
            {
                "key_id": str,
                "name": str,
                "prefix": str,
                "digest": str,
                "issued_at": int,
                "issued_by": str,
                "expires_at": int,
                "revoked_at": int,
                "revoked_by": str,
                "limits": str,
            },
            pk="key_id",
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case KeyIssued() as key:
                connection.execute(
                    "insert or replace into issued_keys (key_id, name, prefix, digest, issued_at,"
                    " issued_by, expires_at) values (?, ?, ?, ?, ?, ?, ?)",
                    (
                        key.key_id,
                        key.name,
                        key.prefix,
                        key.digest,
                        recorded.recorded_at,
                        recorded.actor,
                        key.expires_at,
                    ),
                )
            case KeyLimitsSet() as key:
                connection.execute(
                    "update issued_keys set limits = ? where key_id = ?",
                    (msgspec.json.encode(key.limits).decode(), key.key_id),
                )
            case KeyRevoked() as key:
                connection.execute(
                    "update issued_keys set revoked_at = ?, revoked_by = ? where key_id = ?",
                    (recorded.recorded_at, recorded.actor, key.key_id),
                )
            case KeyReinstated() as key:
                connection.execute(
                    "update issued_keys set revoked_at = null, revoked_by = null where key_id = ?",
                    (key.key_id,),
                )


def issued_keys(connection: sqlite3.Connection) -> list[IssuedKey]:
    """List every key that was ever issued, oldest first."""
    return _keys(connection, "")


def issued_key(connection: sqlite3.Connection, key_id: str) -> IssuedKey | None:
    """One of them; None when there never was such a key."""
    return next(iter(_keys(connection, " where key_id = ?", key_id)), None)


def keys_in_force(connection: sqlite3.Connection) -> list[IssuedKey]:
    """List the keys that nobody revoked, oldest first; some may have expired."""
    return _keys(connection, " where revoked_at is null")


def _keys(connection: sqlite3.Connection, where: str, *values: str) -> list[IssuedKey]:
    fields = IssuedKey.__struct_fields__
    rows = connection.execute(
        f"select {', '.join(fields)} from issued_keys{where} order by issued_at, key_id", values
    ).fetchall()
    return [_key(dict(zip(fields, row, strict=True))) for row in rows]


def _key(row: dict[str, Any]) -> IssuedKey:
    written = row.pop("limits")
    return IssuedKey(**row, limits=_limits.decode(written) if written else KeyLimits())
