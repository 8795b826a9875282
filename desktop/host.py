"""The running app inside this process: its lock, its thread, its announcement.

main thread                         studio thread
───────────                         ─────────────
start ──────────────────────────►   build, serve: one asyncio loop
   ◄── started: the port listens    (or raised: start raises it here)
announce app.json
tray / wait
stop ───────────────────────────►   request_stop → engines and gateway end → serve returns
join, release the lock
"""

import asyncio
import os
import threading
import time
from types import TracebackType
from typing import Self

from core.application import Application
from core.errors import Unavailable
from core.event_loop import calm_the_collector, new_event_loop
from core.settings import Settings
from core.studio_process import build
from core.version import studio_version
from desktop.running_app import RunningApp, announce
from desktop.single_instance import SingleInstance


class Host:
    """Holds the app from lock to lock; use as a context manager."""

    def __init__(self, settings: Settings, lock: SingleInstance, *, headless: bool) -> None:
        self.settings = settings
        self.exit_code = 0
        self._lock = lock
        self._studio = build(settings, headless=headless)
        self._application: Application | None = None
        self._listening = threading.Event()
        self.over = threading.Event()  # set when the studio thread has ended
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="studio")

    def start(self) -> None:
        """Return when the port listens; raises whatever kept it from doing so."""
        self._thread.start()
        while not (self._listening.wait(0.05) or self.over.is_set()):
            pass
        if self._application is None:
            raise self._error or Unavailable("vLLM Studio ended before it began to listen")
        announce(self.settings.paths.run, self._announcement())

    @property
    def application(self) -> Application:
        """The running app, between start and stop."""
        if self._application is None:
            raise Unavailable("vLLM Studio has not started")
        return self._application

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.application.boot_settings.port

    def wait(self, timeout_s: float) -> bool:
        """Whether it is over, waiting at most so many seconds; raises what ended it."""
        over = self.over.wait(timeout_s)
        if over and self._error is not None:
            raise self._error
        return over

    def wait_until_over(self) -> int:
        """Its exit code, whenever that comes. Signals are answered meanwhile."""
        while not self.wait(0.5):
            pass
        return self.exit_code

    def stop(self, *, leave_engines: bool = False, reason: str = "asked to") -> None:
        """Ask it to end; from any thread, as often as wanted, also while it still starts."""
        self._studio.request_stop(leave_engines=leave_engines, reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._thread.is_alive():
                self.stop()
                self._thread.join()
        finally:
            self._lock.release()

    def _serve(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                self.exit_code = runner.run(self._studio.serve(started=self._started))
        except BaseException as error:  # handed to the main thread, which raises it
            self._error = error
            self.exit_code = 1
        finally:
            self.over.set()

    def _started(self, application: Application) -> None:
        """In the studio's loop, once the port listens."""
        calm_the_collector()
        self._application = application
        self._listening.set()

    def _announcement(self) -> RunningApp:
        return RunningApp(
            pid=os.getpid(),
            port=self.port,
            started_at=time.time_ns() // 1000,
            version=studio_version(),
        )
