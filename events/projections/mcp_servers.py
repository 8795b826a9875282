"""Which MCP servers are saved, what may their tools do, which calls were approved for longer?"""

import sqlite3
from typing import Any

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    McpServerRemoved,
    McpServerSaved,
    McpToolPolicySet,
    ToolApprovalWithdrawn,
    ToolCallApproved,
)


class SavedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server, as it was saved last."""

    name: str
    data: dict[str, Any]  # the fact's own fields
    saved_at: int  # µs since the epoch
    saved_by: str


class ToolPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What was said last about a tool; "always" was said of this server and this definition."""

    server: str
    tool: str
    policy: str
    fingerprint: str
    definition: str


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was approved for longer than once."""

    approval_id: str  # the call that it was given for
    server: str
    tool: str
    scope: str  # conversation | always
    conversation_id: str
    fingerprint: str
    definition: str
    arguments_hash: str
    given_at: int  # µs since the epoch
    given_by: str


class McpServers:
    """What was removed or withdrawn is gone, and with a server all that was said of it."""

    name = "mcp_servers"
    version = 1
    tables = ("mcp_servers", "mcp_policies", "mcp_approvals")
    reads = (
        McpServerSaved,
        McpServerRemoved,
        McpToolPolicySet,
        ToolCallApproved,
        ToolApprovalWithdrawn,
    )

    def create(self, db: Database) -> None:
        """Make the empty tables."""
        columns: dict[str, type] = {"name": str, "data": str, "saved_at": int, "saved_by": str}
        db.table("mcp_servers").create(columns, pk="name", strict=True)
        said = dict.fromkeys(("server", "tool", "policy", "fingerprint", "definition"), str)
        db.table("mcp_policies").create(said, pk=("server", "tool"), strict=True)
        approved: dict[str, type] = dict.fromkeys(Approval.__struct_fields__, str)
        approved["given_at"] = int
        db.table("mcp_approvals").create(approved, pk="approval_id", strict=True)

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case McpServerSaved():
                _save(connection, recorded.event, recorded)
            case McpServerRemoved(name=name):
                _forget(connection, name)
            case McpToolPolicySet() as said:
                connection.execute(
                    "insert or replace into mcp_policies values (?, ?, ?, ?, ?)",
                    (said.name, said.tool, said.policy, said.fingerprint, said.definition),
                )
            case ToolCallApproved(scope="conversation" | "always") as given:
                _keep(connection, given, recorded)
            case ToolApprovalWithdrawn(approval_id=which):
                connection.execute("delete from mcp_approvals where approval_id = ?", (which,))


def saved_servers(connection: sqlite3.Connection) -> list[SavedServer]:
    """List them by name."""
    rows = connection.execute("select name, data, saved_at, saved_by from mcp_servers order by 1")
    return [
        SavedServer(name=row[0], data=msgspec.json.decode(row[1]), saved_at=row[2], saved_by=row[3])
        for row in rows.fetchall()
    ]


def tool_policies(connection: sqlite3.Connection) -> list[ToolPolicy]:
    """List what was said of tools."""
    rows = connection.execute(
        "select server, tool, policy, fingerprint, definition from mcp_policies"
    )
    return [ToolPolicy(**dict(zip(ToolPolicy.__struct_fields__, row, strict=True))) for row in rows]


def standing_approvals(connection: sqlite3.Connection) -> list[Approval]:
    """List them, oldest first."""
    names = Approval.__struct_fields__
    rows = connection.execute(
        f"select {', '.join(names)} from mcp_approvals order by given_at, approval_id"
    )
    return [Approval(**dict(zip(names, row, strict=True))) for row in rows]


def _save(connection: sqlite3.Connection, fact: McpServerSaved, recorded: Recorded) -> None:
    data = msgspec.to_builtins(fact)
    del data["type"]
    connection.execute(
        "insert or replace into mcp_servers (name, data, saved_at, saved_by) values (?, ?, ?, ?)",
        (fact.name, msgspec.json.encode(data).decode(), recorded.recorded_at, recorded.actor),
    )


def _forget(connection: sqlite3.Connection, server: str) -> None:
    connection.execute("delete from mcp_servers where name = ?", (server,))
    for table in ("mcp_policies", "mcp_approvals"):
        connection.execute(f"delete from {table} where server = ?", (server,))


def _keep(connection: sqlite3.Connection, given: ToolCallApproved, recorded: Recorded) -> None:
    approval = Approval(
        approval_id=given.call_id,
        server=given.server,
        tool=given.tool,
        scope=given.scope,
        conversation_id=given.conversation_id,
        fingerprint=given.fingerprint,
        definition=given.definition,
        arguments_hash=given.arguments_hash,
        given_at=recorded.recorded_at,
        given_by=recorded.actor,
    )
    places = ", ".join("?" for _ in Approval.__struct_fields__)
    connection.execute(
        f"insert or replace into mcp_approvals values ({places})", msgspec.structs.astuple(approval)
    )
