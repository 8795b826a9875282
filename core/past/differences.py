"""What two moments differ in, field by field, and the facts that did it."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from core.past.state import State
from core.past.tools import ToolsThen
from events.projections.engine_runs import EngineRun
from events.projections.timeline import TimelineEntry, entry
from events.reading import COLUMNS, from_row

MOST_FACTS = 20  # shown of one difference, the newest
Change = Literal["added", "removed", "changed"]
Fields = dict[str, Any]


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field; None where there was nothing."""

    field: str  # with dots where values lie within one another
    before: Any
    after: Any


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A fact between the two moments that is about what changed."""

    position: int
    recorded_at: int  # µs since the epoch
    type: str
    actor: str
    sentence: str
    data: dict[str, Any]  # as in the timeline


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was."""

    what: str  # recipe | engine | setting | key | virtual-model | provider | runtime | service |
    # mcp-server | approval | search-provider | private-hosts | preset | research
    id: str
    change: Change
    fields: list[FieldChange]
    facts: list[Cause]  # the newest first
    more_facts: int = 0  # that are not shown


def differences(connection: sqlite3.Connection, before: State, after: State) -> list[Difference]:
    """List them by kind and id; `connection` reads the log that both were folded from."""
    then, now = _things(before), _things(after)
    found = []
    for thing in sorted(then.keys() | now.keys()):
        was, became = then.get(thing), now.get(thing)
        if was == became:
            continue
        what, id = thing
        causes, more = _facts(connection, what, id, before.position, after.position)
        found.append(
            Difference(
                what=what,
                id=id,
                change="added" if was is None else "removed" if became is None else "changed",
                fields=list(_fields(was or {}, became or {})),
                facts=causes,
                more_facts=more,
            )
        )
    return found


def _things(state: State) -> Mapping[tuple[str, str], Fields]:
    """Everything that can differ, as plain fields."""
    things: dict[tuple[str, str], Fields] = {}
    for saved in (*state.recipes, *state.archived):
        fields = {"archived": saved.archived, "revision": saved.revision}
        things["recipe", saved.recipe_id] = {**_flat(saved.recipe), **fields}
    for run in state.engines:
        things["engine", run.engine_id] = _engine(run)
    for key, value in state.settings.items():
        things["setting", key] = {"value": value}
    for issued in state.keys:
        fields = msgspec.to_builtins(issued)
        things["key", issued.key_id] = _flat({f: fields[f] for f in _OF_KEY})
    for what, offers in (
        ("virtual-model", state.virtual_models),
        ("provider", state.providers),
    ):
        for offer in offers:
            things[what, offer.id] = _flat(offer.data)
    for runtime in state.runtimes:
        things["runtime", runtime.runtime_id] = {f: getattr(runtime, f) for f in _OF_RUNTIME}
    for name, service in state.services.items():
        things["service", name] = {f: getattr(service, f) for f in ("state", "version", "routes")}
    return things | _of_tools(state)


def _of_tools(state: ToolsThen) -> dict[tuple[str, str], Fields]:
    things: dict[tuple[str, str], Fields] = {}
    for server in state.mcp_servers:
        fields = {f: getattr(server, f) for f in _OF_SERVER}
        things["mcp-server", server.name] = fields | _flat(server.policies, "policies")
    for approval in state.approvals:
        fields = {f: getattr(approval, f) for f in ("server", "tool", "arguments_hash")}
        things["approval", approval.approval_id] = fields
    for searched in state.search_providers:
        things["search-provider", searched.name] = _flat(searched.data)
    if state.private_hosts:
        things["private-hosts", "research"] = {"hosts": state.private_hosts}
    for preset in state.presets:
        things["preset", preset.preset_id] = {"saved_at": preset.saved_at}
    for run in state.research:
        things["research", run.research_id] = {f: getattr(run, f) for f in _OF_RESEARCH}
    return things


_OF_KEY = ("name", "state", "expires_at", "limits")
_OF_RESEARCH = ("model", "state", "sources", "notes", "erased")
_OF_SERVER = (
    *("transport", "command", "args", "cwd", "url", "env", "headers", "enabled", "timeout_s"),
    *("state", "version", "tools", "reason"),
)
_OF_RUNTIME = ("kind", "version", "state", "error")


def _engine(run: EngineRun) -> Fields:
    return {
        name: getattr(run, name)
        for name in ("recipe_id", "revision", "state", "kind", "runtime", "port", "pid", "devices")
    }


def _flat(fields: Mapping[str, Any], within: str = "") -> Fields:
    """Values that lie within one another by their path."""
    found: Fields = {}
    for name, value in fields.items():
        path = f"{within}.{name}" if within else name
        found |= _flat(value, path) if isinstance(value, Mapping) and value else {path: value}
    return found


def _fields(was: Fields, became: Fields) -> Iterator[FieldChange]:
    for name in sorted(was.keys() | became.keys()):
        before, after = was.get(name), became.get(name)
        if before != after:
            yield FieldChange(field=name, before=before, after=after)


def _facts(
    connection: sqlite3.Connection, what: str, id: str, after: int, until: int
) -> tuple[list[Cause], int]:
    """The newest facts about it between the two moments, and how many more there are."""
    where, values = _about(what, id)
    rows = connection.execute(
        f"select {COLUMNS} from events where {where} and position > ? and position <= ?"
        " order by position desc",
        (*values, after, until),
    ).fetchall()
    shown = [from_row(row) for row in rows[:MOST_FACTS]]
    return [_cause(entry(one)) for one in shown], len(rows) - len(shown)


def _about(what: str, id: str) -> tuple[str, list[str]]:
    """Which facts are about a thing."""
    match what:
        case "setting":
            return "stream = 'settings' and data ->> 'key' = ?", [id]
        case "service":
            return "stream = ?", ["app" if id == "studio" else id]
        case "mcp-server":
            return "stream = ?", [f"mcp-{id}"]
        case "approval":
            given = "data ->> 'call_id' = ? and type = 'tool-call-approved'"
            return f"stream = 'tool-calls' and ({given} or data ->> 'approval_id' = ?)", [id, id]
        case "search-provider":
            return "stream = 'research' and data ->> 'provider' = ?", [id]
        case "private-hosts":
            return "stream = 'research' and type = ?", ["research-hosts-allowed"]
        case _:
            return "stream = ?", [f"{what}-{id}"]


def _cause(told: TimelineEntry) -> Cause:
    return Cause(**{name: getattr(told, name) for name in Cause.__struct_fields__})
