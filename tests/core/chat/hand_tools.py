"""Tools that do what a test says: a toolbox without servers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.mcp.toolbox import Told
from core.mcp.views import CallResult, CallState, CallWish, Image, Offered, Standing

Tool = Callable[[dict[str, Any]], Awaitable[str]]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


class HandTools:
    """Server `hand`. Calls of tools in `asks` wait until `answers` says yes or no."""

    def __init__(self) -> None:
        self.tools: dict[str, Tool] = {"weather": weather}
        self.images: dict[str, tuple[Image, ...]] = {}  # that they bring beside their words
        self.asks: set[str] = set()
        self.answers: asyncio.Queue[bool] = asyncio.Queue()
        self.called: list[CallWish] = []
        self.ran: list[str] = []
        self.actors: list[str] = []

    def offered(self, chosen: Sequence[str]) -> tuple[Offered, ...]:
        """All of them, where the server is chosen."""
        return tuple(
            Offered(
                name=f"hand__{tool}",
                server="hand",
                tool=tool,
                title=tool,
                description=f"The {tool}",
                parameters=CITY,
                policy="ask" if tool in self.asks else "always",
            )
            for tool in self.tools
            if {"hand", f"hand/{tool}"} & set(chosen)
        )

    async def call(self, wish: CallWish, *, actor: str, told: Told) -> CallResult:
        """Asks where it has to, then runs it."""
        self.called.append(wish)
        self.actors.append(actor)
        tool = wish.name.removeprefix("hand__")
        if tool in self.asks:
            told(self._state(wish, tool, "asking"))
            if not await self.answers.get():
                return CallResult(outcome="denied", text="The person denied this call.")
        told(self._state(wish, tool, "running"))
        self.ran.append(wish.call_id)
        text = await self.tools[tool](wish.arguments)
        return CallResult(
            outcome="done",
            text=text,
            images=self.images.get(tool, ()),
            duration_ms=2.5,
            approved="policy",
        )

    def _state(self, wish: CallWish, tool: str, state: Standing) -> CallState:
        return CallState(
            call_id=wish.call_id,
            conversation_id=wish.conversation_id,
            reply_id=wish.reply_id,
            server="hand",
            tool=tool,
            arguments=wish.arguments,
            arguments_hash="",
            state=state,
            since=1,
        )


async def weather(arguments: dict[str, Any]) -> str:
    """The same for ever."""
    return f"sunny in {arguments.get('city', 'no city')}"


async def for_ever(arguments: dict[str, Any]) -> str:
    """Never comes back."""
    await asyncio.Event().wait()
    return ""
