"""MCP over a log of its own, with servers that really run."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from core.clock import SystemClock
from core.mcp.mcp import Mcp
from core.mcp.server import McpServer
from core.mcp.views import CallResult, CallState, CallWish
from core.secrets import Secrets
from events.store import EventStore
from tests.harness import mcp_servers


class Room:
    """`Mcp` at work, and how tests ask it."""

    def __init__(self, mcp: Mcp, store: EventStore, secrets: Secrets) -> None:
        self.mcp = mcp
        self.store = store
        self.secrets = secrets
        self.told: list[CallState] = []
        self._numbers = itertools.count(1)

    async def save(self, name: str = "bad", *args: str, **more: Any) -> None:
        """The server that misbehaves, started and ready."""
        env: dict[str, str] = more.pop("env", {})
        wish = mcp_servers.bad(*args, name=name)
        command = {"command": wish["command"], "args": tuple(wish["args"])}
        server = McpServer(
            name=name, transport="stdio", env=dict.fromkeys(env, ""), **(command | more)
        )
        await self.mcp.desk.save(server, env, actor="cli")

    async def ready(self, name: str = "bad", *args: str, **more: Any) -> None:
        """The same, once it answers."""
        await self.save(name, *args, **more)
        async with asyncio.timeout(60):
            await self.mcp.servers.there(name).ready()

    async def ready_after_failure(self, trace: Path) -> None:
        """A server that dies at its first start, once it answers."""
        await self.save("shy", f"--dies-at-first={trace}")
        await self.until(lambda: self.mcp.servers.view("shy").state == "ready")

    async def always(self, *tools: str, server: str = "bad") -> None:
        """These may be called without asking."""
        for tool in tools:
            await self.mcp.set_policy(server, tool, "always", actor="cli")

    def wish(self, tool: str, *, server: str = "bad", **arguments: Any) -> CallWish:
        """A call that has not been made."""
        return CallWish(
            call_id=f"call-{next(self._numbers)}",
            conversation_id="talk",
            reply_id="reply",
            name=f"{server}__{tool}",
            arguments=arguments,
        )

    async def call(self, tool: str, **arguments: Any) -> CallResult:
        """Make a call."""
        return await self.make(self.wish(tool, **arguments))

    async def make(self, wish: CallWish) -> CallResult:
        """Make this call, in time or not at all."""
        async with asyncio.timeout(60):
            return await self.mcp.calls.call(wish, actor="key:1", told=self.told.append)

    async def asked(self) -> CallState:
        """The first call that waits for an approval, once there is one."""
        found: CallState = await self.until(
            lambda: next((s for s in self.mcp.calls.states() if s.state == "asking"), None)
        )
        return found

    async def until(self, look: Any, within: float = 60) -> Any:
        """What `look` returns, once it is something."""
        async with asyncio.timeout(within):
            while not (seen := look()):  # noqa: ASYNC110 - it is looked at from outside
                await asyncio.sleep(0.01)
        return seen

    def facts(self, *types: str) -> list[Any]:
        """What was recorded of these types, oldest first."""
        return [one.event for one in self.store.read_all(limit=10_000) if one.type in types]


REDIRECT = "http://127.0.0.1:9/mcp/signed-in"  # where browsers would come back


def mcp_at(home: Path, store: EventStore, secrets: Secrets) -> Mcp:
    """As the composition root makes it."""
    folder = home / "run" / "mcp"
    return Mcp(store, secrets, SystemClock(), folder, redirect=REDIRECT)


@pytest_asyncio.fixture
async def room(store: EventStore, home: Path) -> AsyncIterator[Room]:
    """Started, and ended with everything that it started."""
    secrets = Secrets(home / "secrets")
    mcp = mcp_at(home, store, secrets)
    task = asyncio.create_task(mcp.run())
    await asyncio.sleep(0)
    yield Room(mcp, store, secrets)
    await mcp.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
