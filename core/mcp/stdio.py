"""MCP over the pipes of a child: the transport that the SDK's client is given.

    stdout ─► lines ─► JSON-RPC ─► the client          what is neither goes to the server's log
    stdin  ◄─ lines ◄──────────── the client

The SDK has one of its own. This one knows the process it talks to, bounds what one line may hold,
cuts what is too large before it becomes objects, and keeps garbage instead of dropping it.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
from mcp import types
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage

from core.mcp.child import StdioChild
from core.mcp.lines import Lines, TooLong
from core.mcp.server_log import ServerLog
from core.mcp.shrinking import LARGE, shrunk

CHUNK = 1 << 18
MOST = 128 * 1024 * 1024  # bytes of one message; beyond it the call it answers has failed
BREATH = 200  # lines that are read at one go
WAITING = 256  # messages to a server that does not read
_ID = re.compile(rb'"id"\s*:\s*(-?\d{1,15}|"[^"\\]{1,100}")')

Inbox = anyio.abc.ObjectSendStream[SessionMessage | Exception]


@asynccontextmanager
async def over_pipes(
    child: StdioChild, log: ServerLog, lost: Callable[[], None]
) -> AsyncGenerator[TransportStreams]:
    """`lost` is called when the pipes can carry nothing any more."""
    into, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, out_of = anyio.create_memory_object_stream[SessionMessage](WAITING)

    async def read() -> None:
        lines = Lines(MOST)
        async with into:
            while chunk := await _chunk(child.stdout):
                for number, line in enumerate(lines.feed(chunk)):
                    await _breathe(number)
                    if message := await _message(line, log):
                        try:
                            await into.send(message)
                        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                            return
            if rest := lines.rest().strip():
                log.add("stdout", _text(rest))
        lost()

    async def write() -> None:
        try:
            async for one in out_of:
                text = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                child.stdin.write(text.encode() + b"\n")
                await child.stdin.drain()
        except (OSError, RuntimeError):  # it closed its stdin, or is gone
            await into.aclose()
            lost()

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)
        try:
            yield incoming, outgoing
        finally:
            incoming.close()
            outgoing.close()
            group.cancel_scope.cancel()
            out_of.close()


async def listen(child: StdioChild, log: ServerLog) -> None:
    """Keep what it writes on stderr, until it writes no more."""
    lines = Lines(CHUNK)
    while chunk := await _chunk(child.stderr):
        for number, line in enumerate(lines.feed(chunk)):
            await _breathe(number)
            log.add("stderr", _text(line.head if isinstance(line, TooLong) else line))
    log.add("stderr", _text(lines.rest()))


async def _breathe(number: int) -> None:
    """A flood of short lines is no reason to hold everybody else up."""
    if number % BREATH == BREATH - 1:
        await asyncio.sleep(0)


async def _chunk(pipe: asyncio.StreamReader) -> bytes:
    try:
        return await pipe.read(CHUNK)
    except (OSError, RuntimeError):
        return b""


async def _message(line: bytes | TooLong, log: ServerLog) -> SessionMessage | None:
    """A line as a message of the protocol; None: it is none."""
    if isinstance(line, TooLong):
        return _too_long(line, log)
    begun = line.lstrip()
    if not begun.startswith((b"{", b"[")):
        log.add("stdout", _text(line))
        return None
    try:
        small = line if len(line) < LARGE else await asyncio.to_thread(shrunk, line)
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(small, by_name=False))
    except ValueError:
        log.add("stdout", _text(line))
        return None


def _too_long(line: TooLong, log: ServerLog) -> SessionMessage | None:
    """The call it answers has failed; nobody waits for an answer that is never taken."""
    log.add("studio", f"a message of {line.size:,} bytes was left out: it is too large")
    found = _ID.search(line.head) or _ID.search(line.tail)
    if found is None:
        return None
    number = found[1].decode()
    which: int | str = number[1:-1] if number.startswith('"') else int(number)
    error = types.ErrorData(
        code=types.INTERNAL_ERROR, message=f"the answer had {line.size:,} bytes, which is too large"
    )
    return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=which, error=error))


def _text(line: bytes) -> str:
    return line[:CHUNK].decode("utf-8", "replace").rstrip("\r\n")
