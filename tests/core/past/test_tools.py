"""MCP servers, approvals, search providers, presets and research, as they stood at any moment."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.past.differences import Difference, differences
from core.past.time_travel import TimeTravel
from core.past.tools import ToolsThen
from events.facts import McpServerFailed, McpServerSaved
from events.projections import ALL
from events.projections.mcp_servers import saved_servers, standing_approvals, tool_policies
from events.projections.presets import presets
from events.projections.research_runs import research_runs
from events.store import EventStore
from tests.core.past.story import Teller
from tests.events.conftest import StillClock
from tests.events.stories import of_tools


class Workshop(Teller):
    """A log in which tools were used, and its past; positions by the type of what was recorded."""

    def __init__(self, home: Path) -> None:
        clock = StillClock()
        super().__init__(EventStore.open(home / "main.db", projections=ALL, now=clock), clock)
        self.live = {self.store.head: self._live()}
        self.at: dict[str, list[int]] = {}
        for stream, fact in of_tools():
            recorded = self.tell(stream, fact, actor="window")
            self.at.setdefault(recorded.type, []).append(recorded.position)
            self.live[recorded.position] = self._live()
        self.past = TimeTravel(self.store, home)

    def then(self, type: str, which: int = 0) -> ToolsThen:
        """Just after one of a type was recorded."""
        return self.past.state(self.at[type][which])

    def _live(self) -> dict[str, object]:
        """What the studio itself reads of it just now."""
        with self.store.reading() as connection:
            approvals = standing_approvals(connection)
            said = [(one.server, one.tool, one.policy) for one in tool_policies(connection)]
            return {
                "servers": [(one.name, one.data["args"]) for one in saved_servers(connection)],
                "policies": sorted(said),
                "approvals": [one.approval_id for one in approvals if one.scope == "always"],
                "presets": [(one.preset_id, one.saved_at) for one in presets(connection)],
                "research": [
                    (one.research_id, one.state, one.model, one.sources, one.notes, one.last_at)
                    for one in research_runs(connection)
                ],
            }


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """It is over."""
    made = Workshop(tmp_path)
    yield made
    made.past.close()
    made.store.close()


def test_every_moment_tells_what_the_studio_read_then(workshop: Workshop) -> None:
    """After each event: the same servers, policies, approvals, presets and runs as at the time."""
    for position, live in workshop.live.items():
        state = workshop.past.state(position)
        policies = [(s.name, tool, p) for s in state.mcp_servers for tool, p in s.policies.items()]
        assert {
            "servers": [(one.name, one.args) for one in state.mcp_servers],
            "policies": sorted(policies),
            "approvals": [one.approval_id for one in state.approvals],
            "presets": [(one.preset_id, one.saved_at) for one in state.presets],
            "research": [
                (one.research_id, one.state, one.model, one.sources, one.notes, one.last_at)
                for one in state.research
            ],
        } == live, position


def stood(state: ToolsThen) -> dict[str, tuple[str, str, int | None]]:
    """Server → state, why, and how many tools."""
    return {one.name: (one.state, one.reason, one.tools) for one in state.mcp_servers}


def test_how_a_server_stood_is_what_was_recorded_of_it(workshop: Workshop) -> None:
    """From its first start to its end; what nobody recorded is not made up."""
    then = workshop.then
    assert stood(then("mcp-server-saved", 1)) == {
        "files": ("starting", "", None),
        "web": ("off", "", None),
    }
    assert stood(then("mcp-server-connected"))["files"] == ("ready", "", 3)
    assert stood(then("mcp-server-stopped"))["files"] == ("off", "vLLM Studio stops", None)
    assert stood(then("app-started")) == {"files": ("starting", "", None), "web": ("off", "", None)}
    assert stood(then("mcp-server-failed"))["files"] == ("failed", "npx is not installed", None)
    assert stood(then("mcp-server-saved", 2))["files"] == ("off", "", None), "switched off"
    assert stood(then("mcp-server-saved", 3))["files"] == ("starting", "", None), "and on again"
    assert stood(then("mcp-server-saved", 4)) == {
        "files": ("ready", "", 2),
        "web": ("starting", "", None),
    }
    assert stood(then("mcp-server-removed")) == {"web": ("starting", "", None)}


def test_saving_one_that_runs_changes_nothing_of_how_it_stands(workshop: Workshop) -> None:
    """Its end, or a new start, is a fact of its own."""
    saved = McpServerSaved(name="web", transport="http", url="https://host/mcp", timeout_s=5)
    before = workshop.then("mcp-server-removed").mcp_servers[0]
    at = workshop.tell("mcp-web", saved, actor="window").position
    after = workshop.past.state(at).mcp_servers[0]
    assert (after.state, after.since, after.timeout_s) == (before.state, before.since, 5)


def test_a_server_that_waited_for_a_person_did_so_then(workshop: Workshop) -> None:
    """It had not failed in any way that somebody had to mend."""
    why = "it wants to know who asks (status 401)"
    asked = McpServerFailed(name="web", reason=why, code="needs-sign-in")
    at = workshop.tell("mcp-web", asked, actor="system").position
    stood = workshop.past.state(at).mcp_servers[0]
    assert (stood.state, stood.reason) == ("needs-sign-in", why)


def test_of_secrets_only_names_and_of_what_is_sealed_nothing(workshop: Workshop) -> None:
    """Neither where a value is kept, nor ciphertext, nor what an approval is bound to."""
    for position in range(workshop.store.head + 1):
        told = msgspec.json.encode(workshop.past.state(position))
        assert b"mcp-files-TOKEN" not in told
        assert b"sealed" not in told
        assert b"fingerprint" not in told
    assert workshop.then("mcp-server-saved").mcp_servers[0].env == ["TOKEN"]


def test_where_research_could_search(workshop: Workshop) -> None:
    """As it was configured, until it was removed."""
    (provider,) = workshop.then("research-hosts-allowed").search_providers
    assert (provider.name, provider.data["url"]) == ("searxng", "http://wiki.home")
    assert workshop.then("research-hosts-allowed").private_hosts == ["wiki.home"]
    assert workshop.then("research-provider-removed").search_providers == []


def test_a_run_that_is_being_erased_is_still_told_of(workshop: Workshop) -> None:
    """That it was there stays in the log."""
    erased = {one.research_id: one.erased for one in workshop.then("research-finished").research}
    assert erased == {"r1": False, "r2": True}


# Differences


def found(workshop: Workshop, first: int, last: int) -> dict[tuple[str, str], Difference]:
    """By what and which."""
    before, after = workshop.past.state(first), workshop.past.state(last)
    with workshop.store.reading() as connection:
        return {(one.what, one.id): one for one in differences(connection, before, after)}


def test_what_changed_names_the_facts_that_did_it(workshop: Workshop) -> None:
    """Of every kind; none is without its facts."""
    at = workshop.at
    added = found(workshop, 0, at["research-requested"][0])
    assert set(added) == {
        ("mcp-server", "web"),
        ("service", "studio"),
        ("search-provider", "searxng"),
        ("private-hosts", "research"),
        ("preset", "p"),
        ("research", "r1"),
    }
    assert all(one.facts for one in added.values())
    early = found(workshop, at["mcp-server-connected"][0], at["tool-call-approved"][2])
    assert [fact.type for fact in early["approval", "c1"].facts] == ["tool-call-approved"]
    server = early["mcp-server", "files"]
    assert {one.field: one.after for one in server.fields} == {
        "policies.erase": "never",
        "policies.read": "always",
    }
    assert {fact.type for fact in server.facts} == {"mcp-tool-policy-set"}
    withdrawn = found(workshop, at["mcp-server-connected"][1], at["tool-approval-withdrawn"][0])
    assert [fact.type for fact in withdrawn["approval", "c1"].facts] == ["tool-approval-withdrawn"]
    run = found(workshop, at["research-started"][0], at["research-finished"][0])["research", "r1"]
    fields = {one.field: (one.before, one.after) for one in run.fields}
    assert fields == {
        "model": ("qwen", "llama"),
        "notes": (0, 2),
        "sources": (0, 1),
        "state": ("searching", "done"),
    }
