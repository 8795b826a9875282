"""A search with a tool of a server that really runs, through the toolbox that chat uses."""

import asyncio

import pytest

from core.research.web.tool_search import Asking, ToolSearch
from core.research.web.views import WebProblem
from tests.core.mcp.conftest import Room, room

__all__ = ["room"]  # a fixture
pytestmark = pytest.mark.real

QUERY = "[Mount Ada](https://a.example/ada?utm_source=tool) is high"


def searching(room: Room, tool: str) -> ToolSearch:
    """With this tool, for one research."""
    asking = Asking(conversation_id="research-1", actor="owner", told=room.told.append)
    return ToolSearch("mine", f"bad/{tool}", room.mcp.calls, asking)


async def test_a_search_waits_for_its_approval(room: Room) -> None:
    """Whoever is told can approve; what the tool says becomes hits."""
    await room.ready()
    search = asyncio.ensure_future(searching(room, "echo").search(QUERY, most=3))
    asked = await room.asked()
    assert (asked.tool, asked.conversation_id) == ("echo", "research-1")
    assert not search.done()
    await room.mcp.calls.approve(asked.call_id, "once", actor="owner")
    (hit,) = await search
    assert (hit.url, hit.title) == ("https://a.example/ada", "Mount Ada")
    assert [state.state for state in room.told] == ["asking", "running", "done"]


async def test_a_search_that_is_denied_is_no_search(room: Room) -> None:
    """And says so."""
    await room.ready()
    search = asyncio.ensure_future(searching(room, "echo").search(QUERY, most=3))
    asked = await room.asked()
    await room.mcp.calls.deny(asked.call_id, "no", actor="owner")
    with pytest.raises(WebProblem) as denied:
        await search
    assert denied.value.code == "denied"


async def test_a_search_that_is_called_off_ends_its_call(room: Room) -> None:
    """Nobody is asked any more whether it may be made."""
    await room.ready()
    search = asyncio.ensure_future(searching(room, "echo").search(QUERY, most=3))
    await room.asked()
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    await room.until(lambda: all(one.state != "asking" for one in room.mcp.calls.states()))


async def test_a_server_that_dies_costs_one_search(room: Room) -> None:
    """Its failure is a sentence; a tool that takes no query is said at once."""
    await room.ready()
    await room.always("echo", "fail")
    with pytest.raises(WebProblem) as unfit:
        await searching(room, "fail").search(QUERY, most=3)
    assert unfit.value.code == "missing-tool"
    assert await searching(room, "echo").search("no address in it", most=3) == []
    await room.mcp.servers.close()
    with pytest.raises(WebProblem) as gone:
        await searching(room, "echo").search(QUERY, most=3)
    assert gone.value.code in ("missing-tool", "server-error")
