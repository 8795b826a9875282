"""What is asked of an open session: a call, a resource, a prompt. Imports the SDK."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import anyio
import msgspec
from mcp import types
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from core.mcp.contents import Told, amount, shortened, texts, told
from core.mcp.failing import McpFailure, not_made
from core.mcp.link import broke_off, is_lost, words_of
from core.mcp.passage import Passage, passage
from core.mcp.session import Session

MOST_RESOURCE = 1_000_000  # characters of a resource that are shown
MOST_BINARY = 8_000_000  # characters of base64


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool answered."""

    told: Told
    is_error: bool


class ResourcePart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a resource: a text, or data in base64."""

    uri: str
    mime: str
    text: str | None = None
    data: str | None = None
    size: int  # bytes
    truncated: int = 0


class PromptMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a prompt."""

    role: str
    text: str


class PromptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt with its places filled."""

    description: str
    messages: tuple[PromptMessage, ...]


async def answer_of(
    session: Session, tool: str, arguments: dict[str, Any], moved: Callable[[], None]
) -> Answered:
    """Call a tool. Raises McpFailure, `NotMade` where it certainly did not happen.

    `moved` is called when it tells its progress.
    """

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        moved()

    with _asking(session) as client:
        result = await client.call_tool(tool, arguments, progress_callback=progressed)
    return Answered(told=told(result), is_error=result.is_error)


async def read_resource(session: Session, uri: str) -> tuple[ResourcePart, ...]:
    """What stands there. Raises McpFailure."""
    with _asking(session) as client:
        result = await client.read_resource(uri, cache_mode="bypass")
    return tuple(map(_part, result.contents))


async def fill_prompt(session: Session, name: str, arguments: dict[str, str]) -> PromptAnswer:
    """A prompt with these in its places. Raises McpFailure."""
    with _asking(session) as client:
        result = await client.get_prompt(name, arguments)
    messages = tuple(
        PromptMessage(role=one.role, text=shortened(texts([one.content]), MOST_RESOURCE)[0])
        for one in result.messages
    )
    return PromptAnswer(description=result.description or "", messages=messages)


@contextmanager
def _asking(session: Session) -> Generator[Client]:
    """For one question. Raises McpFailure, `NotMade` where nothing of it got past the door."""
    way = Passage()
    before = passage.set(way)
    try:
        with session.asked() as client:
            yield client
    except Exception as error:
        failure = _failure(error, session)
        raise (not_made(way.barred) if way.barred else failure) from None
    finally:
        passage.reset(before)


def _part(one: types.TextResourceContents | types.BlobResourceContents) -> ResourcePart:
    mime = one.mime_type or ""
    if isinstance(one, types.TextResourceContents):
        text, cut = shortened(one.text, MOST_RESOURCE)
        size = len(one.text.encode("utf-8", "replace"))
        return ResourcePart(uri=one.uri, mime=mime, text=text, size=size, truncated=cut)
    size = len(one.blob) * 3 // 4
    if len(one.blob) > MOST_BINARY:
        return ResourcePart(
            uri=one.uri, mime=mime, text=f"{amount(size)} left out", size=size, truncated=size
        )
    return ResourcePart(uri=one.uri, mime=mime, data=one.blob, size=size)


def _failure(error: Exception, session: Session) -> McpFailure:
    """Whatever the SDK raises, in words."""
    match error:
        case McpFailure():
            return error
        case MCPError() if is_lost(error):
            session.is_lost()
            return _ended()
        case MCPError() if broke_off(error):
            return _ended()
        case MCPError():
            words = session.log.masked(words_of(error))
            return McpFailure(f"the server refused: {words:.300}", code="refused")
        case anyio.ClosedResourceError() | anyio.BrokenResourceError():
            session.is_lost()
            return _ended()
        case ValueError():  # the SDK holds answers against their shapes
            return McpFailure("its answer is not what MCP says it should be", code="malformed")
        case _:
            return McpFailure(session.log.masked(words_of(error))[:300], code="malformed")


def _ended() -> McpFailure:
    return McpFailure(
        "the server ended while the call ran, or the connection to it broke",
        code="server-ended",
        next_action="Whether it did anything nobody can tell.",
    )
