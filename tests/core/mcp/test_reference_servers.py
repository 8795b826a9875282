"""The reference servers of MCP, as people install them from PyPI and npm, over stdio."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.mcp.server import McpServer
from tests.core.mcp.conftest import Room
from tests.harness.mcp_servers import filesystem_server, python_server

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


async def ready(room: Room, name: str, command: tuple[str, ...]) -> None:
    """Save it, and wait until it answers."""
    program, *args = command
    server = McpServer(name=name, transport="stdio", command=program, args=tuple(args))
    await room.mcp.desk.save(server, {}, actor="cli")
    async with asyncio.timeout(60):
        await room.mcp.servers.there(name).ready()


async def test_time(room: Room) -> None:
    """It converts between zones, and its own refusal comes through."""
    await ready(room, "time", await asyncio.to_thread(python_server, "mcp_server_time"))
    assert room.mcp.servers.view("time").tools == 2
    await room.always("convert_time", "get_current_time", server="time")
    wish = room.wish(
        "convert_time",
        server="time",
        source_timezone="Europe/Berlin",
        time="12:00",
        target_timezone="Asia/Tokyo",
    )
    result = await room.make(wish)
    assert result.outcome == "done"
    assert "Asia/Tokyo" in result.text
    assert "T20:00:00" in result.text or "T19:00:00" in result.text
    wrong = await room.make(room.wish("get_current_time", server="time"))
    assert "'timezone' is a required property" in wrong.text
    odd = await room.make(room.wish("get_current_time", server="time", timezone="Nowhere/Land"))
    assert odd.outcome == "failed"
    assert "Nowhere/Land" in odd.text


async def test_fetch(room: Room, tmp_path: Path) -> None:
    """It reads a page on this machine, where it is allowed to; its prompt is there too."""
    (tmp_path / "page.html").write_text(
        "<title>Ada</title><article><p>Ada wrote the first program.</p></article>"
    )
    command = await asyncio.to_thread(python_server, "mcp_server_fetch")
    await ready(room, "fetch", (*command, "--ignore-robots-txt", "--allow-private-ips"))
    await room.always("fetch", server="fetch")
    with pages(tmp_path) as url:
        result = await room.make(room.wish("fetch", server="fetch", url=f"{url}/page.html"))
        missing = await room.make(room.wish("fetch", server="fetch", url=f"{url}/nothing"))
    assert result.outcome == "done", result.text
    assert "Ada wrote the first program." in result.text
    assert missing.outcome == "failed"
    assert "404" in missing.text
    detail = room.mcp.detail("fetch")
    assert [one.name for one in detail.prompt_list] == ["fetch"]
    assert detail.prompt_list[0].arguments[0].required


async def test_filesystem(room: Room, tmp_path: Path) -> None:
    """The program for Node: it reads and writes where it may, and nowhere else."""
    (tmp_path / "note.txt").write_text("Remember the milk.")
    await ready(room, "files", await asyncio.to_thread(filesystem_server, tmp_path))
    detail = room.mcp.detail("files")
    assert {"read_text_file", "write_file"} <= {tool.tool for tool in detail.tool_list}
    assert {tool.policy for tool in detail.tool_list} == {"ask"}
    await room.always("read_text_file", server="files")
    path = str(tmp_path / "note.txt")
    result = await room.make(room.wish("read_text_file", server="files", path=path))
    assert (result.outcome, result.text) == ("done", "Remember the milk.")
    outside = await room.make(room.wish("read_text_file", server="files", path="/etc/passwd"))
    assert outside.outcome == "failed"
    assert "outside allowed" in outside.text
    made = asyncio.create_task(
        room.make(room.wish("write_file", server="files", path=path, content="gone"))
    )
    asked = await room.asked()
    assert (tmp_path / "note.txt").read_text() == "Remember the milk."
    await room.mcp.calls.approve(asked.call_id, "once", actor="window")
    assert (await made).outcome == "done"
    assert (tmp_path / "note.txt").read_text() == "gone"


@contextmanager
def pages(folder: Path) -> Iterator[str]:
    """The files of a folder, over HTTP."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """It says nothing on stderr."""

    def log_message(self, *_: object) -> None:
        """Not even who asked."""
