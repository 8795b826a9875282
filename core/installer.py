"""Runs installations in the background, so that a request for one can answer at once."""

import asyncio
import logging

from core.errors import StudioError
from core.runtimes.catalogue import offer_for
from core.runtimes.runtime import Runtime
from core.runtimes.runtimes import Runtimes

log = logging.getLogger(__name__)


class Installer:
    """Owns the installing tasks; they end with the studio."""

    def __init__(self, *, runtimes: Runtimes) -> None:
        self._runtimes = runtimes
        self._running: set[asyncio.Task[Runtime]] = set()

    def begin(self, kind: str, version: str | None, *, actor: str) -> "asyncio.Task[Runtime]":
        """Begin, or join what is under way. Raises Invalid for what is not on offer."""
        offer_for(kind, version)
        task = asyncio.ensure_future(self._runtimes.install(kind, version, actor=actor))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what is under way; what is half made is removed by the installer itself."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Runtime]") -> None:
        self._running.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, StudioError):  # a StudioError is in the log as a fact already
            log.error("an installation ended unexpectedly", exc_info=error)
