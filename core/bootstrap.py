"""The composition root: the one place that picks concrete things and ties them together.

Start:  log → recipes → engines found and adopted → gateway, HTTP → unfinished switch → preload
Stop:   no new requests → engines (unless they are to stay) → gateway → log
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from functools import partial

import msgspec

from core.admitting import ask_for_model
from core.api.app import make_asgi
from core.application import Application
from core.clock import SystemClock
from core.engines.fleet import Fleet
from core.engines.processes import system_launcher
from core.gateway.admission import Admission
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.gateway.proxy import Proxy
from core.gateway.routes import Routes
from core.http_server import HttpServer, bind
from core.installer import Installer
from core.live_settings import LiveSettings
from core.machine import Machine
from core.monitoring.monitor import Monitor
from core.recipes.book import RecipeBook
from core.routing import RoutePublisher
from core.running import (
    background,
    preload,
    record_start,
    record_stop,
    stop_on_signals,
    until_stopped,
)
from core.runtimes.runtimes import Runtimes
from core.secrets import Secrets
from core.settings import Settings
from core.start_budget import StartBudget
from core.status_board import StatusBoard
from core.studio import Studio
from core.switching.switchboard import Switchboard
from core.usage_log import UsageLog
from events import projections
from events.facts import RequestFinished
from events.projections.settings_in_force import settings_in_force
from events.store import EventStore


def build(settings: Settings, *, headless: bool) -> "StudioProcess":
    """A studio that has not started; nothing is opened before `serve`."""
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

        Returns the exit code. Raises EventError when the log can not be opened, and OSError when
        the port is taken.
        """
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if self._stop_early.is_set():
            return 0
        self._settings.paths.create()
        with bind(self._settings) as listening:  # refused early, before anything is opened
            settings = msgspec.structs.replace(self._settings, port=listening.getsockname()[1])
            application = compose(settings, self._stopping, self.request_stop)
            try:
                with stop_on_signals(self._loop, self.request_stop):
                    await self._run(application, listening, started)
            finally:
                await application.usage.close()
                application.store.close()
        return 0

    async def _run(
        self,
        application: Application,
        listening: socket.socket,
        started: Callable[[Application], None] | None,
    ) -> None:
        server = HttpServer(make_asgi(application))
        await record_start(application.store, headless=self._headless)
        await application.runtimes.reconcile()
        await application.gateway.adopt_or_sweep()
        async with application.fleet:
            await application.fleet.reconcile()
            async with background(application, server.run(listening)) as tasks:
                await server.answering()
                preload(application)
                if started is not None:
                    started(application)
                await until_stopped(application.stopping, tasks)
                await self._stop(application, server)

    async def _stop(self, application: Application, server: HttpServer) -> None:
        left = tuple(application.fleet.endpoints()) if self._leave_engines else ()
        await server.stop()
        await application.installer.close()
        if not self._leave_engines:
            await application.fleet.stop_all(reason="vLLM Studio stops", actor="system")
        await application.gateway.stop()
        await record_stop(application.store, self._reason, left)


def compose(
    settings: Settings, stopping: asyncio.Event, request_stop: Callable[..., None]
) -> Application:
    """Every part, made once and handed to those who need it."""
    clock = SystemClock()
    secrets = Secrets(settings.paths.secrets)
    for value in settings.secret_values():
        secrets.remember(value)
    store = EventStore.open(settings.paths.main_db, projections=projections.ALL, now=clock.now)
    with store.reading() as connection:
        live = LiveSettings(settings, settings_in_force(connection))
    launcher = system_launcher()
    book = RecipeBook(store, default=lambda: live.current.default_recipe)
    usage = UsageLog(paths=settings.paths, clock=clock)
    runtimes = Runtimes(store=store, settings=settings, clock=clock)
    fleet = Fleet(
        store=store,
        settings=settings,
        secrets=secrets,
        clock=clock,
        launcher=launcher,
        runtime_for=runtimes.for_recipe,
        flags_for=runtimes.known_flags,
    )
    gateway = Gateway(
        store=store,
        settings=settings,
        secrets=secrets,
        clock=clock,
        launcher=launcher,
        runtimes=runtimes,
    )
    routes = Routes()
    inflight = InFlight(clock)
    publisher = RoutePublisher(
        fleet=fleet, book=book, gateway=gateway, routes=routes, route_for=gateway.route_for
    )
    budget = StartBudget(settings=live, clock=clock)
    machine = Machine(
        settings=live,
        book=book,
        fleet=fleet,
        inflight=inflight,
        publisher=publisher,
        budget=budget,
    )
    switchboard = Switchboard(
        store=store, effects=machine, clock=clock, room=lambda: live.current.max_resident
    )
    admission = Admission(
        resolve=book.resolve,
        ask=partial(ask_for_model, switchboard, budget),
        routes=routes,
        clock=clock,
        settings=settings,
        concurrency=book.concurrency_of,
    )
    monitor = Monitor(
        store=store,
        fleet=fleet,
        gateway=gateway,
        switchboard=switchboard,
        inflight=inflight,
        clock=clock,
    )
    board = StatusBoard(
        store=store,
        book=book,
        fleet=fleet,
        gateway=gateway,
        switchboard=switchboard,
        admission=admission,
        inflight=inflight,
        requests_today=usage.today,
        endpoint=f"http://{settings.host}:{settings.port}/v1",
    )

    def finished(fact: RequestFinished) -> None:
        usage.finished(fact)
        monitor.totals.add(fact)
        board.changed()

    def recipe_changed(recipe_id: str) -> None:
        budget.forget(recipe_id)
        publisher.refresh()

    proxy = Proxy(
        routes=routes,
        inflight=inflight,
        admit=admission.admit,
        finished=finished,
        gateway_ready=gateway.ready,
        clock=clock,
        wait_s=settings.admission_timeout_s,
    )
    studio = Studio(
        store=store,
        settings=live,
        secrets=secrets,
        book=book,
        switchboard=switchboard,
        board=board,
        recipe_changed=recipe_changed,
        clock=clock,
    )
    return Application(
        settings=live,
        boot_settings=settings,
        secrets=secrets,
        clock=clock,
        store=store,
        usage=usage,
        book=book,
        runtimes=runtimes,
        fleet=fleet,
        gateway=gateway,
        routes=routes,
        inflight=inflight,
        admission=admission,
        proxy=proxy,
        publisher=publisher,
        switchboard=switchboard,
        board=board,
        studio=studio,
        monitor=monitor,
        installer=Installer(runtimes=runtimes),
        stopping=stopping,
        request_stop=request_stop,
    )
