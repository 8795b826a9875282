"""One run of the studio, from start to stop.

Start:  log → recipes → engines found and adopted → gateway, HTTP → unfinished switch → preload
Stop:   waiters told → no new requests → engines (unless they stay) → gateway → log

A log that can not be written makes it look on and do nothing (`looking_on.py`).
"""

import asyncio
import socket
import threading
from collections.abc import Callable

import msgspec

from core.api.app import make_asgi
from core.application import Application
from core.auditing.trouble import trouble_of
from core.bootstrap import compose
from core.http_server import HttpServer, bind
from core.looking_on import look_on
from core.open_files import raise_limit
from core.own_log import listen_to
from core.running import (
    background,
    expect_starts,
    open_usage,
    preload,
    record_start,
    record_stop,
    stop_on_signals,
    until_stopped,
)
from core.settings import Settings
from events.errors import EventError

TELL_S = 1.0  # how long those who are being served may take to hear that we stop


def build(settings: Settings, *, headless: bool) -> "StudioProcess":
    """A studio that has not started; nothing is opened before `serve`."""
    raise_limit()
    return StudioProcess(settings, headless=headless)


class StudioProcess:
    """One run of the studio, from start to stop, in the loop that calls `serve`."""

    def __init__(self, settings: Settings, *, headless: bool) -> None:
        self._settings = settings
        self._headless = headless
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._stop_early = threading.Event()
        self._leave_engines = False
        self._reason = "asked to"

    def request_stop(self, *, leave_engines: bool = False, reason: str = "asked to") -> None:
        """Begin to stop; from any thread, also before `serve` began. A repeat changes nothing."""
        if not self._stop_early.is_set():
            self._leave_engines, self._reason = leave_engines, reason
        self._stop_early.set()
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def serve(self, *, started: Callable[[Application], None] | None = None) -> int:
        """Run until asked to stop; `started` is called in this loop once HTTP answers.

        Returns the exit code. Raises LogLocked when another process writes the log, and OSError
        when the port is taken.
        """
        self._loop = asyncio.get_running_loop()
        listen_to(self._loop)
        self._stopping = asyncio.Event()
        if self._stop_early.is_set():
            return 0
        self._settings.paths.create()
        with bind(self._settings) as listening:  # refused early, before anything is opened
            settings = msgspec.structs.replace(self._settings, port=listening.getsockname()[1])
            application = await self._begin(settings, self._stopping)
            try:
                with stop_on_signals(self._loop, self.request_stop):
                    if (trouble := application.opened_log.trouble) is not None:
                        await look_on(application, trouble, listening, started)
                    else:
                        await self._run(application, listening, started)
            finally:
                await _let_go(application)
        return 0

    async def _begin(self, settings: Settings, stopping: asyncio.Event) -> Application:
        """Make every part and say that we are here; where that can not be said, only look on."""
        application = compose(settings, stopping, self.request_stop)
        if application.opened_log.trouble is not None:
            return application
        try:
            await application.checkpointer.begin()
            await record_start(application.store, headless=self._headless)
        except EventError as error:
            await _let_go(application)
            return compose(settings, stopping, self.request_stop, trouble=trouble_of(error))
        return application

    async def _run(
        self,
        application: Application,
        listening: socket.socket,
        started: Callable[[Application], None] | None,
    ) -> None:
        server = HttpServer(make_asgi(application))
        await application.conversations.finish_erasures()
        await application.presets.finish_removals()
        if application.opened_log.trouble is None:  # what only looks on would lose them
            await application.chat.recover()
        await application.runtimes.reconcile()
        held = await open_usage(application)
        async with application.fleet:
            await asyncio.gather(  # a gateway that does not answer holds no engine up
                application.gateway.adopt_or_sweep(), application.fleet.reconcile()
            )
            application.ledger.resume(held)
            application.machine.measure_all()
            async with background(application, server.run(listening)) as tasks:
                await server.answering()
                preload(application)
                expect_starts(application)
                if started is not None:
                    started(application)
                await until_stopped(application.stopping, tasks)
                await self._stop(application, server)

    async def _stop(self, application: Application, server: HttpServer) -> None:
        left = application.fleet.running() if self._leave_engines else ()
        application.switchboard.close()
        application.sealing.close()
        await application.admission.close()
        application.gateway.turn_away()
        await application.research.close()
        await application.chat.close()
        await application.mcp.close()
        await application.titles.close()
        cut = await _cut(application)
        await server.stop()
        cut += await _cut(application)  # who came in between, and has no task (straight.py)
        await application.answers.close()
        await application.captures.close()
        application.proxy.close()
        await application.installer.close()
        if not self._leave_engines:
            await application.fleet.stop_all(reason="vLLM Studio stops", actor="system")
        await application.gateway.stop()
        await record_stop(application.store, self._reason, left, cut)


async def _cut(application: Application) -> int:
    """End what is being served, and wait a little until it is told; how many there were."""
    cut = application.inflight.end_all()
    served = [entry.recipe.id for entry in application.book.all()]
    await application.inflight.drained(served, timeout_s=TELL_S)
    return cut


async def _let_go(application: Application) -> None:
    """Write what waits, sign for it all, close the files."""
    application.ledger.flush()
    await application.verification.close()
    await application.usage.close()
    await application.limits.close()
    await application.conversations.close()
    await application.checkpointer.close()
    application.opened_log.close()
