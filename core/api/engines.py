"""`/api/engines` and `/api/logs`: what runs, and what it prints."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
from litestar import get
from litestar.response import Stream

from core.api.sse import Mailbox, frame, sse_response
from core.application import Application
from core.engines.logs import Skipped, follow, tail
from core.errors import NotFound
from core.status import EngineView
from events.projections.engine_runs import engine_runs

MOST_LINES = 100_000


class EngineList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/engines."""

    engines: tuple[EngineView, ...]


class LogLines(msgspec.Struct, frozen=True, kw_only=True):
    """The newest lines of a log, oldest first, secrets masked."""

    name: str
    lines: list[str]


@get("/engines")
async def list_engines(application: Application) -> EngineList:
    """Every engine this studio knows of, with what it does now."""
    return EngineList(engines=application.studio.look().engines)


@get("/logs/{name:str}")
async def show_log(application: Application, name: str, lines: int = 200) -> LogLines:
    """The end of a log: of a recipe's newest run, an engine, "gateway" or "app"."""
    path = log_path(application, name)
    mask = application.secrets.mask
    newest = await asyncio.to_thread(partial(tail, path, min(lines, MOST_LINES), mask=mask))
    return LogLines(name=name, lines=newest)


@get("/logs/{name:str}/stream")
async def follow_log(
    application: Application, name: str, lines: int = 200, history: bool = True
) -> Stream:
    """The same as events, and then each new line as it is written; `history=false`: only those.

    `dropped` says that the reader was too slow and how many bytes of the log it missed.
    """
    path = log_path(application, name)
    newest = min(lines, MOST_LINES) if history else 0
    following = follow(path, history=newest, mask=application.secrets.mask)
    return sse_response(log_stream(following, application.stopping))


async def log_stream(
    lines: AsyncIterator[str | Skipped], stopping: asyncio.Event
) -> AsyncGenerator[bytes, None]:
    """History, then live lines; a slow reader keeps nobody waiting but itself."""
    mailbox = Mailbox()

    async def pump() -> None:
        try:
            async for line in lines:
                await mailbox.post(log_frame(line))
        finally:
            mailbox.end()  # the file can not be read any more: whoever follows comes back

    pumping = asyncio.ensure_future(pump())
    try:
        async for chunk in mailbox.read(stopping):
            yield chunk
    finally:
        pumping.cancel()


def log_frame(line: str | Skipped) -> bytes:
    """One line, or the mark where lines are missing."""
    if isinstance(line, Skipped):
        return frame("dropped", msgspec.json.encode({"bytes": line.bytes}))
    return frame("line", msgspec.json.encode({"line": line}))


def log_path(application: Application, name: str) -> Path:
    """The file behind a name, or NotFound."""
    paths = application.boot_settings.paths
    if name in ("gateway", "app"):
        return paths.log(name)
    with application.store.reading() as connection:
        runs = engine_runs(connection, limit=1000)
    recipe_id = application.book.resolve(name) or name
    for run in runs:
        if name == run.engine_id or recipe_id == run.recipe_id:
            return paths.home / run.log_path
    raise NotFound(
        f"there is no log of {name!r}",
        code="log_not_found",
        next_action='name a recipe that has run, an engine, "gateway" or "app"',
    )


HANDLERS = (list_engines, show_log, follow_log)
