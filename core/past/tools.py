"""MCP servers, search providers, presets and research of a moment, as far as the log tells.

Of secrets only the names, of what is sealed only that it was there: no key is asked here.
"""

import sqlite3
from typing import Any

import msgspec

from events.projections.mcp_servers import (
    SavedServer,
    saved_servers,
    standing_approvals,
    tool_policies,
)
from events.projections.mcp_states import McpState, mcp_states
from events.projections.presets import presets
from events.projections.research_runs import research_runs
from events.projections.search_providers import private_hosts, search_providers


class ServerThen(msgspec.Struct, frozen=True, kw_only=True):
    """An MCP server as it was saved, and how it stood as far as the log tells."""

    name: str
    transport: str  # stdio | http
    command: str
    args: list[str]
    cwd: str
    url: str
    env: list[str]  # names
    headers: list[str]  # names
    enabled: bool
    timeout_s: float
    saved_at: int  # µs since the epoch
    saved_by: str
    state: str  # off | starting | ready | failed | needs-sign-in
    since: int  # µs since the epoch
    version: str
    tools: int | None  # how many, when it answered; which, nobody recorded
    pid: int | None
    reason: str  # why it failed or was stopped
    code: str  # of a failure
    policies: dict[str, str]  # tool → ask | always | never, where one was set


class ApprovalThen(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was approved for always; with which arguments only a keyed hash tells."""

    approval_id: str
    server: str
    tool: str
    arguments_hash: str
    approved_at: int  # µs since the epoch
    approved_by: str


class SearchProviderThen(msgspec.Struct, frozen=True, kw_only=True):
    """A search provider as it was configured; never its key."""

    name: str
    data: dict[str, Any]
    saved_at: int  # µs since the epoch
    saved_by: str


class PresetThen(msgspec.Struct, frozen=True, kw_only=True):
    """That there was a preset; what it said is sealed."""

    preset_id: str
    saved_at: int  # µs since the epoch
    saved_by: str


class ResearchThen(msgspec.Struct, frozen=True, kw_only=True):
    """How far a research was; what it was about is sealed."""

    research_id: str
    model: str
    state: str
    started_at: int  # µs since the epoch
    started_by: str
    last_at: int
    sources: int  # pages read
    notes: int
    erased: bool


class ToolsThen(msgspec.Struct, frozen=True, kw_only=True):
    """What of a moment has to do with tools and research."""

    mcp_servers: list[ServerThen]
    approvals: list[ApprovalThen]
    search_providers: list[SearchProviderThen]
    private_hosts: list[str]  # that research might read
    presets: list[PresetThen]
    research: list[ResearchThen]


def tools_of(connection: sqlite3.Connection) -> ToolsThen:
    """Read all of it; `connection` holds the read models of `events.projections.present`."""
    states, policies = mcp_states(connection), tool_policies(connection)
    said: dict[str, dict[str, str]] = {}
    for one in sorted(policies, key=lambda one: one.tool):
        said.setdefault(one.server, {})[one.tool] = one.policy
    return ToolsThen(
        mcp_servers=[
            _server(saved, states[saved.name], said.get(saved.name, {}))
            for saved in saved_servers(connection)
            if saved.name in states
        ],
        approvals=[
            ApprovalThen(
                approval_id=one.approval_id,
                server=one.server,
                tool=one.tool,
                arguments_hash=one.arguments_hash,
                approved_at=one.given_at,
                approved_by=one.given_by,
            )
            for one in standing_approvals(connection)
        ],
        search_providers=[
            SearchProviderThen(
                name=one.provider,
                data={name: value for name, value in one.data.items() if name != "provider"},
                saved_at=one.saved_at,
                saved_by=one.saved_by,
            )
            for one in search_providers(connection)
        ],
        private_hosts=private_hosts(connection),
        presets=[
            PresetThen(preset_id=one.preset_id, saved_at=one.saved_at, saved_by=one.saved_by)
            for one in presets(connection)
        ],
        research=[
            ResearchThen(
                research_id=one.research_id,
                model=one.model,
                state=one.state,
                started_at=one.started_at,
                started_by=one.started_by,
                last_at=one.last_at,
                sources=one.sources,
                notes=one.notes,
                erased=one.erasing_at is not None,
            )
            for one in research_runs(connection)
        ],
    )


def _server(saved: SavedServer, stood: McpState, policies: dict[str, str]) -> ServerThen:
    told = {name: saved.data[name] for name in _SAVED}
    how = {name: getattr(stood, name) for name in _STOOD}
    return ServerThen(
        **told,
        **how,
        env=sorted(saved.data["env"]),
        headers=sorted(saved.data["headers"]),
        name=saved.name,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        policies=policies,
    )


_SAVED = ("transport", "command", "args", "cwd", "url", "enabled", "timeout_s")
_STOOD = ("state", "since", "version", "tools", "pid", "reason", "code")
