"""Given these facts, when this is asked of a server, then these facts."""

from typing import Any

import pytest

from core.errors import Invalid, NotFound
from core.mcp.commands import McpCommand, RemoveServer, SaveServer, SetPolicy
from core.mcp.desk import RULES
from core.mcp.server import McpServer, problems_of
from events.facts import McpServerRemoved, McpServerSaved, McpToolPolicySet
from events.facts.base import Fact

FILES = McpServerSaved(name="files", transport="stdio", command="npx", args=("-y", "server"))


def server(**changes: Any) -> McpServer:
    """The server of `FILES`, changed."""
    fields: dict[str, Any] = {"name": "files", "transport": "stdio", "command": "npx"}
    return McpServer(**{**fields, "args": ("-y", "server"), **changes})


def after(given: list[Fact], when: McpCommand) -> list[Fact]:
    """What follows."""
    return list(RULES.decide(when, RULES.fold(given)))


def test_a_server_is_saved_once() -> None:
    """The same wish again changes nothing."""
    assert after([], SaveServer(server=server())) == [FILES]
    assert after([FILES], SaveServer(server=server())) == []
    assert after([FILES], SaveServer(server=server(timeout_s=5.0))) != []


def test_a_server_that_is_not_there_can_not_be_removed_or_spoken_of() -> None:
    """And what was removed is not there."""
    gone: list[Fact] = [FILES, McpServerRemoved(name="files")]
    assert after([FILES], RemoveServer(name="files")) == [McpServerRemoved(name="files")]
    for given in ([], gone):
        with pytest.raises(NotFound, match="no MCP server"):
            after(given, RemoveServer(name="files"))
        with pytest.raises(NotFound):
            after(given, SetPolicy(name="files", tool="read", policy="never"))


def test_always_needs_to_know_the_tool() -> None:
    """Nobody says yes to what nobody has seen; never and ask bind nothing."""
    with pytest.raises(Invalid, match="does not offer"):
        after([FILES], SetPolicy(name="files", tool="read", policy="always", fingerprint="f"))
    command = SetPolicy(name="files", tool="read", policy="always", fingerprint="f", definition="d")
    said = McpToolPolicySet(
        name="files", tool="read", policy="always", fingerprint="f", definition="d"
    )
    assert after([FILES], command) == [said]
    assert after([FILES, said], command) == []
    never = SetPolicy(name="files", tool="read", policy="never", fingerprint="f", definition="d")
    assert after([FILES, said], never) == [
        McpToolPolicySet(name="files", tool="read", policy="never")
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "two words"}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "../etc"}, "name"),
        ({"command": ""}, "command"),
        ({"command": "npx\n"}, "command"),
        ({"args": ("a\0b",)}, "args"),
        ({"cwd": "relative"}, "cwd"),
        ({"url": "https://both"}, "url"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"env": {"A B": ""}}, "env.A B"),
        ({"env": {"VLLM_STUDIO_NONCE": ""}}, "env.VLLM_STUDIO_NONCE"),
        ({"args": ("${NOT_THERE}",)}, "args"),
        ({"transport": "http"}, "command"),
    ],
)
def test_what_can_not_be_started_is_refused_at_its_field(
    changes: dict[str, Any], field: str
) -> None:
    """Before anything is recorded."""
    with pytest.raises(Invalid) as refused:
        after([], SaveServer(server=server(**changes)))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/x", "https://", "https://me:pw@host/mcp", "https://host/#x", "http://[::1"],
)
def test_an_address_is_one_and_nothing_more(url: str) -> None:
    """A password in it would be shown and recorded."""
    wrong = list(problems_of(McpServer(name="a", transport="http", url=url)))
    assert [one.field for one in wrong if one.severity == "error"] == ["url"]


def test_secrets_that_travel_in_clear_are_worth_a_second_look() -> None:
    """But not on this machine."""
    for url, told in (("http://far/mcp", 1), ("http://127.0.0.1/mcp", 0), ("https://far/mcp", 0)):
        one = McpServer(name="a", transport="http", url=url, headers={"X-Key": "mcp.a.X-Key"})
        assert len([p for p in problems_of(one) if p.severity == "warning"]) == told
