"""Which tools were called, for whom, and what came of it?"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import ToolCallApproved, ToolCallFinished, ToolCallRequested

FIELDS = (
    "call_id",
    "conversation_id",
    "reply_id",
    "server",
    "tool",
    "arguments_hash",
    "requested_at",
    "actor",
    "outcome",
    "code",
    "finished_at",
    "duration_ms",
    "bytes",
    "truncated",
    "approved",
)


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `outcome` is empty while it has none, also after a crash."""

    call_id: str
    conversation_id: str
    reply_id: str
    server: str
    tool: str
    arguments_hash: str
    requested_at: int  # µs since the epoch
    actor: str
    outcome: str
    code: str
    finished_at: int | None
    duration_ms: float
    bytes: int
    truncated: int
    approved: str


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """How often a tool was called, and when last."""

    calls: int
    last_at: int  # µs since the epoch


class ToolCalls:
    """One row a call."""

    name = "tool_calls"
    version = 1
    tables = ("tool_calls",)
    reads = (ToolCallRequested, ToolCallApproved, ToolCallFinished)

    def create(self, db: Database) -> None:
        """Make the empty table."""
        columns: dict[str, type] = dict.fromkeys(FIELDS, str)
        columns |= dict.fromkeys(("requested_at", "finished_at", "bytes", "truncated"), int)
        columns["duration_ms"] = float
        table = db.table("tool_calls")
        table.create(columns, pk="call_id", strict=True)
        table.create_index(["server", "tool", "requested_at"])
        table.create_index(["finished_at"])

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case ToolCallRequested() as call:
                connection.execute(
                    "insert or replace into tool_calls values (?, ?, ?, ?, ?, ?, ?, ?, '', '',"
                    " null, 0, 0, 0, '')",
                    (
                        call.call_id,
                        call.conversation_id,
                        call.reply_id,
                        call.server,
                        call.tool,
                        call.arguments_hash,
                        recorded.recorded_at,
                        recorded.actor,
                    ),
                )
            case ToolCallApproved(call_id=call_id, scope=scope):
                connection.execute(
                    "update tool_calls set approved = ? where call_id = ?", (scope, call_id)
                )
            case ToolCallFinished() as end:
                connection.execute(
                    "update tool_calls set outcome = ?, code = ?, finished_at = ?, duration_ms = ?,"
                    " bytes = ?, truncated = ?, approved = ? where call_id = ?",
                    (
                        end.outcome,
                        end.code,
                        recorded.recorded_at,
                        end.duration_ms,
                        end.bytes,
                        end.truncated,
                        end.approved,
                        end.call_id,
                    ),
                )


def unfinished_calls(connection: sqlite3.Connection) -> list[CallRow]:
    """Those without an outcome: they run, or the studio ended before they did."""
    return _rows(connection, "where finished_at is null order by requested_at", ())


def finished_calls(connection: sqlite3.Connection, limit: int) -> list[CallRow]:
    """The last of those that have ended, newest first."""
    return _rows(
        connection,
        "where finished_at is not null order by finished_at desc, call_id desc limit ?",
        (limit,),
    )


def call_counts(connection: sqlite3.Connection, server: str) -> dict[str, Called]:
    """How often each tool of a server was called."""
    rows = connection.execute(
        "select tool, count(*), max(requested_at) from tool_calls where server = ? group by tool",
        (server,),
    )
    return {tool: Called(calls=calls, last_at=last) for tool, calls, last in rows}


def call_known(connection: sqlite3.Connection, call_id: str) -> bool:
    """Whether a call of this id was ever asked for."""
    row = connection.execute("select 1 from tool_calls where call_id = ?", (call_id,)).fetchone()
    return row is not None


def _rows(connection: sqlite3.Connection, rest: str, values: tuple[int, ...]) -> list[CallRow]:
    rows = connection.execute(f"select {', '.join(FIELDS)} from tool_calls {rest}", values)
    return [CallRow(**dict(zip(FIELDS, row, strict=True))) for row in rows]
