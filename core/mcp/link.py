"""One open session with a server, in the SDK's words. Nobody imports this before it is needed.

It is entered and left in one task, as the SDK demands; it may be asked from any.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal, TypeVar

from mcp import types
from mcp.client import Client
from mcp.client._transport import TransportStreams
from mcp.client.session import IncomingMessage
from mcp.shared.exceptions import MCPError

from core.mcp.identity import definition
from core.mcp.offer import Offer, Tool
from core.mcp.server_log import ServerLog
from core.mcp.views import PromptArgument, PromptView, ResourceView
from core.version import studio_version

T = TypeVar("T")

MOST_PAGES = 50
MOST_TOOLS = 1000
MOST_WORDS = 20_000  # characters of a description
Mode = Literal["auto", "legacy"]
LISTS = (
    types.ToolListChangedNotification,
    types.ResourceListChangedNotification,
    types.PromptListChangedNotification,
)


class Link:
    """A session that answers."""

    def __init__(self, client: Client, log: ServerLog) -> None:
        self.client = client
        self._log = log

    @property
    def is_modern(self) -> bool:
        """Whether it speaks the protocol without a handshake, where changes are listened for."""
        return self.client.session.initialize_result is None

    async def ping(self) -> bool:
        """Whether it is there; the caller sets the deadline. Any answer is a sign of life."""
        try:
            if self.is_modern:
                await self.client.session.send_discover(self.client.protocol_version)
            else:
                await self.client.session.send_ping()
        except MCPError as error:
            return not is_lost(error)
        return True

    async def listen(self, changed: Callable[[], None]) -> None:
        """Hear of changed lists where they are not told by themselves; until cancelled."""
        if not self.is_modern:
            return
        able = self.client.server_capabilities
        async with self.client.listen(
            tools_list_changed=bool(able.tools and able.tools.list_changed),
            prompts_list_changed=bool(able.prompts and able.prompts.list_changed),
            resources_list_changed=bool(able.resources and able.resources.list_changed),
        ) as changes:
            async for _ in changes:
                changed()

    async def offer(self) -> Offer:
        """Ask for everything it offers. Raises what the SDK raises."""
        able, who = self.client.server_capabilities, self.client.server_info
        tools = await self._tools() if able.tools else ()
        resources: tuple[ResourceView, ...] = ()
        prompts: tuple[PromptView, ...] = ()
        if able.resources:
            resources = await self._or_none(self._resources, "resources")
        if able.prompts:
            prompts = await self._or_none(self._prompts, "prompts")
        return Offer(
            tools=tools,
            resources=resources,
            prompts=prompts,
            version=f"{who.title or who.name} {who.version}".strip()[:200] if who else "",
            instructions=(self.client.instructions or "")[:MOST_WORDS],
        )

    async def _or_none(
        self, ask: Callable[[], Awaitable[tuple[T, ...]]], what: str
    ) -> tuple[T, ...]:
        """A server that can not list its resources can still have tools."""
        try:
            return await ask()
        except Exception as error:
            self._log.add("studio", f"its {what} could not be listed: {type(error).__name__}")
            return ()

    async def _tools(self) -> tuple[Tool, ...]:
        found: dict[str, Tool] = {}
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self.client.list_tools(cursor=cursor, cache_mode="bypass")
            for tool in page.tools:
                if tool.name in found or not tool.name.isprintable() or len(tool.name) > 200:
                    self._log.add("studio", f"the tool {tool.name[:60]!r} is offered twice or odd")
                elif len(found) < MOST_TOOLS:
                    found[tool.name] = _tool(tool)
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple(found.values())

    async def _resources(self) -> tuple[ResourceView, ...]:
        found: list[ResourceView] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self.client.list_resources(cursor=cursor, cache_mode="bypass")
            found += map(_resource, page.resources)
            cursor = page.next_cursor
            if cursor is None:
                break
        templates = await self.client.list_resource_templates(cache_mode="bypass")
        found += map(_template, templates.resource_templates)
        return tuple(found)

    async def _prompts(self) -> tuple[PromptView, ...]:
        found: list[PromptView] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self.client.list_prompts(cursor=cursor, cache_mode="bypass")
            found += map(_prompt, page.prompts)
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple(found)


@asynccontextmanager
async def linked(
    transport: AbstractAsyncContextManager[TransportStreams],
    *,
    mode: Mode,
    log: ServerLog,
    changed: Callable[[], None],
) -> AsyncGenerator[Link]:
    """Greet the server. `changed` is called when it says that its lists are others now."""

    async def heard(message: IncomingMessage) -> None:
        if isinstance(message, LISTS):
            changed()

    async def logged(params: types.LoggingMessageNotificationParams) -> None:
        said = params.data if isinstance(params.data, str) else json.dumps(params.data, default=str)
        log.add("message", f"{params.level}: {said}")

    client = Client(
        transport,
        mode=mode,
        message_handler=heard,
        logging_callback=logged,
        client_info=types.Implementation(name="vLLM Studio", version=studio_version()),
        cache=None,
    )
    async with client:
        # The SDK would hold each answer against a schema of the server's, in our loop: a regular
        # expression in it that never ends would end everything. A model is told a text anyway.
        setattr(client.session, "validate_tool_result", _as_it_came)  # noqa: B010
        yield Link(client, log)


async def _as_it_came(name: str, result: types.CallToolResult) -> None:
    """Whatever a tool has answered."""


def _tool(tool: types.Tool) -> Tool:
    hints = tool.annotations
    title = tool.title or (hints.title if hints else None) or ""
    description = tool.description or ""
    return Tool(
        tool=tool.name,
        title=title[:200],
        description=description[:MOST_WORDS],
        parameters=tool.input_schema,
        definition=definition(tool.name, title, description, tool.input_schema),
        read_only=hints.read_only_hint if hints else None,
        destructive=hints.destructive_hint if hints else None,
    )


def _resource(one: types.Resource) -> ResourceView:
    return ResourceView(
        uri=one.uri,
        name=one.name,
        title=one.title or "",
        description=(one.description or "")[:MOST_WORDS],
        mime=one.mime_type or "",
        size=one.size,
    )


def _template(one: types.ResourceTemplate) -> ResourceView:
    return ResourceView(
        uri=one.uri_template,
        name=one.name,
        title=one.title or "",
        description=(one.description or "")[:MOST_WORDS],
        mime=one.mime_type or "",
        template=True,
    )


def _prompt(one: types.Prompt) -> PromptView:
    return PromptView(
        name=one.name,
        title=one.title or "",
        description=(one.description or "")[:MOST_WORDS],
        arguments=tuple(_arguments(one)),
    )


def _arguments(prompt: types.Prompt) -> Iterator[PromptArgument]:
    for one in prompt.arguments or ():
        yield PromptArgument(
            name=one.name, description=one.description or "", required=bool(one.required)
        )


def is_lost(error: MCPError) -> bool:
    """Whether the session is gone, and not only this answer. Servers use the same code."""
    return error.message in ("Connection closed", "Session terminated")


def broke_off(error: MCPError) -> bool:
    """Whether an answer began to come, and did not."""
    broken = error.code == types.CONNECTION_CLOSED and error.message.startswith("SSE stream")
    return broken or error.message == "Server returned an error response"


def words_of(error: BaseException) -> str:
    """What the SDK says of a failure, on one line; it is masked before it is cut further."""
    told: Any = getattr(error, "message", None) or str(error) or type(error).__name__
    return " ".join(str(told)[:MOST_WORDS].split())
