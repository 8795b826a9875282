"""How did each MCP server stand, since when, and why?

What the log tells of it: that it was saved, that it answered, failed or was stopped. With the
studio every server starts that is switched on; until the log says what came of that it starts.
"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    AppStarted,
    McpServerConnected,
    McpServerFailed,
    McpServerRemoved,
    McpServerSaved,
    McpServerStopped,
)


class McpState(msgspec.Struct, frozen=True, kw_only=True):
    """A saved server, as the log believes it."""

    name: str
    enabled: bool
    state: str  # off | starting | ready | failed | needs-sign-in
    since: int  # µs since the epoch: when it came into this state
    version: str  # what it called itself, while it was ready
    tools: int | None  # how many it had when it answered; None: nobody recorded it
    pid: int | None
    reason: str  # why it failed or was stopped
    code: str  # of a failure


class McpStates:
    """One row a server; what was removed is gone."""

    name = "mcp_states"
    version = 2
    tables = ("mcp_states",)
    reads = (
        AppStarted,
        McpServerSaved,
        McpServerRemoved,
        McpServerConnected,
        McpServerFailed,
        McpServerStopped,
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        db.table("mcp_states").create(
            {
                "name": str,
                "enabled": int,
                "state": str,
                "since": int,
                "version": str,
                "tools": int,
                "pid": int,
                "reason": str,
                "code": str,
            },
            pk="name",
            not_null=("enabled", "state", "since", "version", "reason", "code"),
            defaults={"version": "", "reason": "", "code": ""},
            strict=True,
        )

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at = recorded.recorded_at
        match recorded.event:
            case AppStarted():
                connection.execute(
                    "update mcp_states set state = iif(enabled, 'starting', 'off'), since = ?,"
                    " version = '', tools = null, pid = null, reason = '', code = ''",
                    (at,),
                )
            case McpServerSaved(name=name, enabled=enabled):
                _save(connection, name, at, enabled=enabled)
            case McpServerRemoved(name=name):
                connection.execute("delete from mcp_states where name = ?", (name,))
            case McpServerConnected(name=name) as up:
                connection.execute(
                    "update mcp_states set state = 'ready', since = ?, version = ?, tools = ?,"
                    " pid = ?, reason = '', code = '' where name = ?",
                    (at, up.version, up.tools, up.pid, name),
                )
            case McpServerFailed(name=name, reason=reason, code=code):
                state = code if code == "needs-sign-in" else "failed"
                _end(connection, name, state, at, reason, code)
            case McpServerStopped(name=name, reason=reason):
                _end(connection, name, "off", at, reason, "")


def mcp_states(connection: sqlite3.Connection) -> dict[str, McpState]:
    """Give all of them by name."""
    fields = McpState.__struct_fields__
    rows = connection.execute(f"select {', '.join(fields)} from mcp_states order by name")
    told = (dict(zip(fields, row, strict=True)) for row in rows.fetchall())
    return {str(one["name"]): msgspec.convert(one, McpState, strict=False) for one in told}


def _save(connection: sqlite3.Connection, name: str, at: int, *, enabled: bool) -> None:
    """One that is new or was switched on starts. Of one that runs its end is a fact of its own."""
    connection.execute(
        "insert into mcp_states (name, enabled, state, since) values (:name, :on,"
        " iif(:on, 'starting', 'off'), :at) on conflict (name) do update set"
        " since = iif(:on <> enabled and state <> 'ready', :at, since),"
        " state = iif(:on = enabled or state = 'ready', state, iif(:on, 'starting', 'off')),"
        " reason = iif(:on = enabled or state = 'ready', reason, ''),"
        " code = iif(:on = enabled or state = 'ready', code, ''), enabled = :on",
        {"name": name, "on": int(enabled), "at": at},
    )


def _end(
    connection: sqlite3.Connection, name: str, state: str, at: int, reason: str, code: str
) -> None:
    connection.execute(
        "update mcp_states set state = ?, since = ?, version = '', tools = null, pid = null,"
        " reason = ?, code = ? where name = ?",
        (state, at, reason, code, name),
    )
