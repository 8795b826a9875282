"""A request that comes straight while the studio already stops is told so, and recorded."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.application import Application
from core.clock import SystemClock
from core.gateway.routes import Direct, Route, RouteTable
from core.settings import load_settings
from core.studio_process import build
from core.usage_log import UsageLog
from events.projections.request_log import RequestFilter
from tests.core.gateway.both_ways import COMPLETION, wire
from tests.core.gateway.tiny_upstream import (
    Received,
    TinyUpstream,
    json_answer,
    until,
    upstream,
)


def direct(**fields: Any) -> bytes:
    """A request as a local program sends it."""
    return wire(headers=("X-Studio-Lane: direct",), **fields).replace(b": x", b": localhost", 1)


QUICK, SLOW = direct(user="quick"), direct()


def routed(application: Application, engine: TinyUpstream) -> None:
    """As if the engine were one of ours."""
    at = Direct(
        host="127.0.0.1", port=engine.port, headers=(), model="m",
        paths=frozenset({b"/v1/chat/completions"}), tells_usage=True,
    )  # fmt: skip
    route = Route(
        name="m", recipe_id="r", engine_id="e", port=1, upstream_model="m", headers=(),
        direct=at,
    )  # fmt: skip
    application.routes.replace(RouteTable.of([route]))


@pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
async def test_who_asks_again_while_the_studio_stops_is_told_and_recorded(home: Path) -> None:
    """The engines are left running: nobody but the studio ends this request."""
    environ = {"VLLM_STUDIO_HOME": str(home), "VLLM_STUDIO_PORT": "0"}
    studio = build(load_settings(environ), headless=True)
    heard: list[bytes] = []

    async def answering(received: Received, writer: asyncio.StreamWriter) -> None:
        if b'"quick"' in received.body:
            await until(lambda: len(engine.received) == 3)  # each on a connection of its own
            await json_answer(COMPLETION)(received, writer)
        else:
            await asyncio.Event().wait()

    async def asks(application: Application) -> None:
        routed(application, engine)
        clients = [
            await asyncio.open_connection("127.0.0.1", application.boot_settings.port)
            for _ in range(3)
        ]
        for _, writer in clients:  # three connections to the engine
            writer.write(QUICK)
        for reader, _ in clients:
            await reader.readuntil(COMPLETION)
        reader, writer = clients[0]
        writer.write(SLOW)
        await until(lambda: application.inflight.total)
        studio.request_stop(leave_engines=True)
        for _ in range(2):
            heard.append(await reader.readuntil(b"}}"))
            writer.write(SLOW)
        for _, writer in clients:
            writer.close()

    async with upstream(answering) as engine:
        asking: list[asyncio.Task[None]] = []

        def started(application: Application) -> None:
            asking.append(asyncio.ensure_future(asks(application)))
            asking[0].add_done_callback(lambda _: studio.request_stop())

        assert await studio.serve(started=started) == 0
        async with asyncio.timeout(60):
            await asking[0]
    assert all(b"vLLM Studio is stopping" in told for told in heard)
    assert await outcomes(home) == ["cancelled", "cancelled", "ok", "ok", "ok"]


async def outcomes(home: Path) -> list[str]:
    """What the usage log says of all that came, newest first."""
    settings = load_settings({"VLLM_STUDIO_HOME": str(home)})
    usage = UsageLog(paths=settings.paths, clock=SystemClock())
    page = await usage.page(RequestFilter(), before=None, limit=10)
    await usage.close()
    return [one.request.outcome for one in page.requests]
