"""A launcher that uses a spare where one fits, and the system's own way where none does.

Nobody above knows the difference: the same child, the same proof of ownership, the same log.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.engines.processes import Child, Identity, Launcher
from core.engines.warm.programs import PROGRAMS, Program, start_of
from core.engines.warm.spares import Spares


class WarmLauncher:
    """`Launcher` with spares."""

    def __init__(
        self, cold: Launcher, spares: Spares, *, programs: Sequence[Program] = PROGRAMS
    ) -> None:
        self._cold = cold
        self._spares = spares
        self._programs = programs

    async def launch(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log_path: Path,
        nonce: str,
    ) -> Child:
        """See `Launcher.launch`."""
        start = start_of(argv, env, cwd, self._programs)
        spare = self._spares.take(start) if start is not None else None
        if start is not None and spare is not None:
            child = await spare.become(argv, start, log_path=log_path, nonce=nonce)
            if child is not None:
                return child
        return await self._cold.launch(argv, env=env, cwd=cwd, log_path=log_path, nonce=nonce)

    def adopt(self, identity: Identity) -> Child | None:
        """See `Launcher.adopt`."""
        return self._cold.adopt(identity)

    async def sweep(self, nonce: str, process_group: int | None = None) -> int:
        """See `Launcher.sweep`."""
        return await self._cold.sweep(nonce, process_group)
