"""Which servers may be saved and removed, and what may be said of their tools. Pure.

    Absent ── saved ──► Saved ◄──┐ saved anew, a policy set
       ▲                  │ └────┘
       └──── removed ─────┘

A wish that would change nothing gives no facts. A refusal is a sentence for who asked.
"""

from typing import assert_never

import msgspec

from core.errors import Invalid, NotFound
from core.mcp.commands import McpCommand, RemoveServer, SaveServer, SetPolicy
from core.mcp.server import problems_of
from events.facts import McpServerRemoved, McpServerSaved, McpToolPolicySet
from events.facts.base import Fact

# State


class Absent(msgspec.Struct, frozen=True):
    """No server of this name is saved."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """It is saved as this fact says; `said`: the last word about each tool."""

    fact: McpServerSaved
    said: dict[str, McpToolPolicySet] = msgspec.field(default_factory=dict)


State = Absent | Saved
initial: State = Absent()


# Decide


def decide(command: McpCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal."""
    match command:
        case SaveServer():
            return _save(command, state)
        case RemoveServer(name=name):
            _there(state, name)
            return [McpServerRemoved(name=name)]
        case SetPolicy():
            return _say(command, _there(state, command.name))
        case _:
            assert_never(command)


def _save(command: SaveServer, state: State) -> list[Fact]:
    for problem in problems_of(command.server):
        if problem.severity == "error":
            raise Invalid(problem.message, field=problem.field, code="mcp-server-invalid")
    fact = McpServerSaved(**msgspec.structs.asdict(command.server))
    return [] if isinstance(state, Saved) and state.fact == fact else [fact]


def _say(command: SetPolicy, state: Saved) -> list[Fact]:
    if not command.tool or len(command.tool) > 200 or not command.tool.isprintable():
        raise Invalid("this can not be the name of a tool", field="tool", code="mcp-tool")
    if command.policy == "always" and not command.definition:
        raise Invalid(
            f"{command.name} does not offer the tool {command.tool!r} now, so nobody knows what "
            "would always be allowed",
            field="policy",
            code="mcp-tool",
            next_action="Start the server first.",
        )
    always = command.policy == "always"
    fact = McpToolPolicySet(
        name=command.name,
        tool=command.tool,
        policy=command.policy,
        fingerprint=command.fingerprint if always else "",
        definition=command.definition if always else "",
    )
    return [] if state.said.get(command.tool) == fact else [fact]


def _there(state: State, name: str) -> Saved:
    if isinstance(state, Absent):
        raise NotFound(
            f"there is no MCP server {name!r:.80}",
            code="mcp-server-not-found",
            next_action="`vllm-studio mcp list` shows what there is",
        )
    return state


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after the fact. What is not about a server and its tools changes nothing."""
    match fact:
        case McpServerSaved():
            return Saved(fact=fact, said=state.said if isinstance(state, Saved) else {})
        case McpServerRemoved():
            return Absent()
        case McpToolPolicySet() if isinstance(state, Saved):
            return Saved(fact=state.fact, said={**state.said, fact.tool: fact})
        case _:
            return state
