"""Servers at a URL: the SDK's own, over streamable HTTP."""

import asyncio
import contextlib
import json
import logging
from typing import Any

import pytest

from core.mcp.server import McpServer
from core.own_log import Discreet
from tests.core.mcp.conftest import Room
from tests.harness.mcp_servers import http_server
from tests.harness.ports import free_port

pytestmark = pytest.mark.real


async def saved(room: Room, url: str, **more: Any) -> None:
    """Save the server `sums`; `headers` with their values."""
    headers: dict[str, str] = more.pop("headers", {})
    server = McpServer(
        name="sums", transport="http", url=url, headers=dict.fromkeys(headers, ""), **more
    )
    await room.mcp.desk.save(server, headers, actor="cli")


async def ready(room: Room, url: str, **more: Any) -> None:
    """The same, once it answers."""
    await saved(room, url, **more)
    async with asyncio.timeout(30):
        await room.mcp.servers.there("sums").ready()


async def test_tools_resources_and_prompts_of_a_server_at_a_url(room: Room) -> None:
    """All that it offers, without a process."""
    with http_server() as url:
        await ready(room, url)
        view = room.mcp.servers.view("sums")
        assert (view.version, view.tools, view.resources, view.prompts) == ("sums 1.2.3", 4, 1, 1)
        assert view.pid is None
        await room.always("add", server="sums")
        result = await room.make(room.wish("add", server="sums", a=2, b=40))
        assert (result.outcome, result.text) == ("done", "42")
        (part,) = await room.mcp.read_resource("sums", "notes://today")
        assert (part.text, part.mime) == ("Nothing happened.", "text/plain")
        prompt = await room.mcp.fill_prompt("sums", "greet", {"name": "Ada"})
        assert [(one.role, one.text) for one in prompt.messages] == [("user", "Say hello to Ada.")]
        detail = room.mcp.detail("sums")
        assert detail.resource_list[0].title == "Today"
        assert detail.prompt_list[0].arguments[0].name == "name"


async def test_calls_run_beside_each_other_and_are_cancelled(room: Room) -> None:
    """Over one connection: each of four is answered only when all are there."""
    with http_server() as url:
        await ready(room, url)
        await room.always("meet", "wait", server="sums")
        wishes = [room.wish("meet", server="sums") for _ in range(4)]
        results = await asyncio.gather(*map(room.make, wishes))
        assert [one.outcome for one in results] == ["done"] * 4
        made = asyncio.create_task(room.make(room.wish("wait", server="sums", seconds=30)))
        running = await room.until(
            lambda: next((s for s in room.mcp.calls.states() if s.state == "running"), None)
        )
        room.mcp.calls.cancel(running.call_id)
        assert (await made).outcome == "cancelled"


async def test_a_call_that_hangs_ends_in_time(room: Room) -> None:
    """As one over a pipe."""
    with http_server() as url:
        await ready(room, url, timeout_s=2.0)
        await room.always("wait", server="sums")
        late = await room.make(room.wish("wait", server="sums", seconds=60))
        assert late.outcome == "timed-out"


async def test_a_key_goes_along_as_a_header_and_nowhere_else(room: Room) -> None:
    """In a place of the header, so that the log shows what kind it is."""
    with http_server(token="the-token-of-the-server") as url:
        await saved(room, url)
        await room.until(lambda: room.mcp.servers.view("sums").state == "needs-sign-in")
        view = room.mcp.servers.view("sums")
        assert view.problem == "it wants to know who asks (status 401)"
        assert view.next_action == "Sign in, or give its key as a header."
        await saved(room, url, headers={"Authorization": "Bearer another"})
        await room.until(lambda: room.mcp.servers.view("sums").state == "failed")
        view = room.mcp.servers.view("sums")
        assert view.problem == "it wants to know who asks (status 401)"
        assert view.next_action.startswith("Give the key as a header")
        await ready(room, url, headers={"Authorization": "Bearer the-token-of-the-server"})
        assert room.mcp.servers.view("sums").headers == ("Authorization",)
        assert "the-token-of" not in repr(room.store.read_all())
        assert "the-token-of" not in repr(room.mcp.detail("sums"))
        assert "the-token-of" not in repr(room.mcp.servers.log_of("sums").since(0))


async def test_a_key_in_the_path_goes_along_and_nowhere_else(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """As Zapier and Pipedream hand it out: reached, refused, not there, and saved once more."""
    key = "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5"
    caplog.set_level(logging.DEBUG)
    shown = "/api/mcp/s/${URL_KEY}/mcp"
    with http_server(path=f"/api/mcp/s/{key}/mcp") as url:
        await ready(room, url)
        view = room.mcp.servers.view("sums")
        assert view.url.endswith(shown)
        assert view.env == ("URL_KEY",)
        again = McpServer(name="sums", transport="http", url=view.url, env={"URL_KEY": ""})
        await room.mcp.desk.save(again, {"URL_KEY": None}, actor="cli")
        await room.always("add", server="sums")
        assert (await room.make(room.wish("add", server="sums", a=2, b=40))).text == "42"
        text = json.dumps({"mcpServers": {"taken": {"url": url, "disabled": True}}})
        for look in (True, False):
            (taken,) = (await room.mcp.desk.read(text, look=look, actor="cli")).servers
            assert taken.url.endswith(shown)
    for wrong in (url, url.replace("/mcp/s", "/mcp/t")):  # nobody is there; it is elsewhere
        with http_server() if wrong != url else contextlib.nullcontext() as there:
            port = there.split("/")[2] if there else url.split("/")[2]
            await saved(room, wrong.replace(url.split("/")[2], port))
            room.mcp.servers.there("sums").restart()
            await room.until(lambda: room.mcp.servers.view("sums").state == "failed")
            told = [
                room.mcp.detail("sums"),
                room.mcp.servers.log_of("sums").since(0),
                room.store.read_all(limit=10_000),
            ]
            assert key not in repr(told)
    written = "\n".join(map(Discreet(room.secrets.mask).format, caplog.records))
    assert shown.partition("$")[0] in written, "the address is written down by the SDK's client"
    assert key not in written


@pytest.mark.parametrize(
    ("path", "problem"), [("", "could not be reached"), ("/nowhere", "status 404")]
)
async def test_an_address_where_nothing_is_says_so(room: Room, path: str, problem: str) -> None:
    """With what to look at."""
    if path:
        with http_server() as url:
            await saved(room, url.replace("/mcp", path))
            await room.until(lambda: room.mcp.servers.view("sums").state == "failed")
    else:
        await saved(room, f"http://127.0.0.1:{free_port()}/mcp")
        await room.until(lambda: room.mcp.servers.view("sums").state == "failed")
    assert problem in room.mcp.servers.view("sums").problem
    assert "url" in room.mcp.servers.view("sums").next_action


async def test_a_server_that_goes_and_comes_back_is_found_again(room: Room) -> None:
    """The call in between is told honestly."""
    port = free_port()
    with http_server(port=port) as url:
        await ready(room, url)
        await room.always("add", "wait", server="sums")
        assert (await room.make(room.wish("add", server="sums", a=1, b=1))).text == "2"
        made = asyncio.create_task(room.make(room.wish("wait", server="sums", seconds=20)))
        await room.until(lambda: [s for s in room.mcp.calls.states() if s.state == "running"])
    result = await made
    assert result.outcome == "failed"
    assert "nobody can tell" in result.text
    with http_server(port=port):
        room.mcp.servers.there("sums").start()
        again = await room.make(room.wish("add", server="sums", a=1, b=2))
        assert again.text == "3", again


@pytest.mark.parametrize("as_json", [True, False])
async def test_a_huge_answer_over_http_is_cut_openly(room: Room, *, as_json: bool) -> None:
    """As one over a pipe, as a document and as an event."""
    with http_server(json_response=as_json) as url:
        await ready(room, url)
        await room.always("long", server="sums")
        result = await room.make(room.wish("long", server="sums", megabytes=20))
        assert result.outcome == "done"
        assert result.truncated > 19_000_000
        assert result.text.endswith("MB left out")
