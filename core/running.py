"""Parts of the studio's run: the background tasks, the start in the log, signals, preloading."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from functools import partial
from typing import Any

from core.application import Application
from core.engines.warm import start_of
from core.errors import StudioError
from core.idle import evict_idle
from core.keeping import keep_alive
from core.switching.commands import RequestLoad
from core.usage.remembered import Remembered
from core.version import studio_version
from events.facts import AppCrashDetected, AppStarted, AppStopped, RequestFinished
from events.store import EventStore


async def record_start(store: EventStore, *, headless: bool) -> None:
    """Say that we are here, and that the last run ended without saying goodbye if it did."""
    last = store.read_all(
        newest_first=True, limit=1, types=("app-started", "app-stopped"), streams=("app",)
    )
    facts: list[AppCrashDetected | AppStarted] = []
    if last and isinstance(last[0].event, AppStarted):
        facts.append(AppCrashDetected(pid=last[0].event.pid))
    facts.append(AppStarted(version=studio_version(), pid=os.getpid(), headless=headless))
    await store.append("app", facts, actor="system")


async def open_usage(application: Application) -> tuple[RequestFinished, ...]:
    """Bring the book of requests up to date, and count again what keys have used.

    Returns the requests of an earlier run whose counts LiteLLM may still tell.
    """
    await application.sealing.settle()
    held = await application.usage.open()
    await application.limits.restore(Remembered(application.usage))
    return held


async def record_stop(
    store: EventStore, reason: str, left_running: tuple[str, ...], cut: int
) -> None:
    """Say goodbye."""
    fact = AppStopped(reason=reason, left_running=left_running, cut=cut)
    await store.append("app", [fact], actor="system")


@contextlib.asynccontextmanager
async def background(
    application: Application, *more: Coroutine[Any, Any, None]
) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Every long-running task; cancelled and waited for on the way out."""
    work = (
        *more,
        application.gateway.run(),
        application.publisher.run(),
        application.switchboard.run(),
        application.board.run(),
        application.monitor.run(),
        application.log_watch.run(),
        application.checkpointer.run(),
        application.limits.run(),
        application.mcp.run(),
        application.mirror.run(),
        application.sealing.run(),
        application.past.run(),
        application.captures.run(),
        *((application.attachments.run(),) if application.opened_log.trouble is None else ()),
        application.research.run(),
        application.energy.run(),
        evict_idle(application),
        keep_alive(application),
        application.spares.run(),
    )
    async with together(*work) as tasks:
        yield tasks


@contextlib.asynccontextmanager
async def together(
    *work: Coroutine[Any, Any, None],
) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Tasks that run for as long as the block does."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_stopped(stopping: asyncio.Event, tasks: list["asyncio.Task[None]"]) -> None:
    """Return when asked to stop. A background task that dies takes the studio with it, loudly."""
    stop = asyncio.ensure_future(stopping.wait())
    try:
        done, _ = await asyncio.wait((stop, *tasks), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
    for task in done:
        if task is not stop:
            task.result()
            raise RuntimeError(f"the background task {task.get_coro()} ended by itself")


@contextlib.contextmanager
def stop_on_signals(
    loop: asyncio.AbstractEventLoop, request_stop: Callable[..., None]
) -> Generator[None, None, None]:
    """SIGTERM and SIGINT stop the studio; only the main thread of a process may listen for them."""
    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        yield
        return
    names = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}
    for number, name in names.items():
        loop.add_signal_handler(number, partial(request_stop, reason=f"{name} was received"))
    try:
        yield
    finally:
        for number in names:
            loop.remove_signal_handler(number)


def expect_starts(application: Application) -> None:
    """Tell which starts may come, so that the first of them can be warm."""
    recipes = [entry.recipe for entry in application.book.all()]
    default = application.settings.current.default_recipe
    for recipe in sorted(recipes, key=lambda one: one.id != default):
        with contextlib.suppress(StudioError):
            spec = application.fleet.launch_of(recipe)
            if start := start_of(spec.argv, spec.env, spec.cwd):
                application.spares.expect(start)


def preload(application: Application) -> None:
    """Load what its recipe wants loaded from the start, beside what was adopted."""
    for entry in application.book.all():
        if entry.recipe.preload and entry.recipe.id not in application.fleet.endpoints():
            application.switchboard.request(
                RequestLoad(target=entry.recipe.id),
                actor="system",
                correlation_id=f"preload-{entry.recipe.id}",
                manual=False,
            )
