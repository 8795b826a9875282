"""Up, ours, and the right one: each looked at on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from core.engines.health import look
from core.engines.launch_spec import LaunchSpec
from core.engines.loopback import ask
from tests.harness.ports import free_port

SPEC = LaunchSpec(argv=("x",), env={}, cwd=Path("/"), model_name="m", api_key="k")
Answers = dict[str, tuple[int, bytes]]


@asynccontextmanager
async def server(answers: Answers, seen: list[bytes] | None = None) -> AsyncIterator[int]:
    """A server that answers each path as told; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        status, body = answers.get(head.split()[1].decode(), (404, b"{}"))
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


def ours(_port: int) -> bool:
    """The port is ours."""
    return True


UP: Answers = {"/health": (200, b""), "/v1/models": (200, b'{"data": [{"id": "m"}]}')}


async def test_up_ours_and_the_right_model_is_ready() -> None:
    """All of it together; the list is asked with the key."""
    seen: list[bytes] = []
    async with server(UP, seen) as port:
        assert (await look(SPEC, port, ours)).ready
    assert b"Authorization: Bearer k" in seen[1]


async def test_nobody_answers_yet() -> None:
    """It may still come."""
    assert (await look(SPEC, free_port(), ours)).verdict == "not yet"


async def test_a_port_of_others_is_an_impostor() -> None:
    """It answers rightly and is not ours."""
    async with server(UP) as port:
        health = await look(SPEC, port, lambda _port: False)
    assert (health.verdict, health.code) == ("impostor", "port-taken")


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({"/health": (503, b"")}, "not yet"),
        ({"/health": (200, b""), "/v1/models": (500, b"x")}, "not yet"),
        ({"/health": (200, b""), "/v1/models": (200, b"not json")}, "not yet"),
        ({"/health": (200, b""), "/v1/models": (200, b'{"data": []}')}, "not yet"),
        ({"/health": (200, b""), "/v1/models": (200, b'{"data": [{"id": "n"}]}')}, "impostor"),
    ],
)
async def test_what_is_not_ready(answers: Answers, verdict: str) -> None:
    """Still loading, or serving something else."""
    async with server(answers) as port:
        assert (await look(SPEC, port, ours)).verdict == verdict


async def test_a_command_need_not_list_models() -> None:
    """Not every OpenAI-compatible server does."""
    spec = msgspec.structs.replace(SPEC, must_list=False)
    async with server({"/health": (200, b"")}) as port:
        assert (await look(spec, port, ours)).ready


@pytest.mark.parametrize(("status", "ready"), [(200, True), (500, False)])
async def test_an_engine_that_must_answer_is_asked_a_token(status: int, ready: bool) -> None:
    """Where the list can not be trusted."""
    spec = msgspec.structs.replace(SPEC, models_path=None, must_answer=True)
    answers: Answers = {"/health": (200, b""), "/v1/chat/completions": (status, b"{}")}
    async with server(answers) as port:
        assert (await look(spec, port, ours)).ready is ready


@pytest.mark.parametrize("raw", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
async def test_what_is_not_http_is_no_answer(raw: bytes) -> None:
    """Whatever listens there."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        assert await ask(port, "/health", timeout_s=5) is None


async def test_a_silent_port_does_not_hold_us() -> None:
    """Every question has a deadline."""
    held: list[asyncio.StreamWriter] = []

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        assert await ask(port, "/health", timeout_s=0.05) is None
        for writer in held:
            writer.close()
