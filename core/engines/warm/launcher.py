"""A launcher that uses a spare where one fits, and the system's own way where none does.

Nobody above knows the difference: the same child, the same proof of ownership, the same log.
A warm start whose process ended with an error is followed by a cold one, and a second such error
is the last: whatever went wrong, it is never the spare's fault twice.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.engines.processes import Child, Identity, Launcher
from core.engines.warm.programs import PROGRAMS, Program, Start, start_of
from core.engines.warm.spares import Spares

MOST_ERRORS = 2


class WarmLauncher:
    """`Launcher` with spares."""

    def __init__(
        self, cold: Launcher, spares: Spares, *, programs: Sequence[Program] = PROGRAMS
    ) -> None:
        self._cold = cold
        self._spares = spares
        self._programs = programs
        self._warmed: list[tuple[Start, Child]] = []
        self._errors: list[Start] = []  # one entry for each warm process that ended with an error

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
        trusted = start is not None and await self._is_trusted(start)
        spare = self._spares.take(start) if start is not None and trusted else None
        if start is not None and spare is not None:
            child = await spare.become(argv, start, log_path=log_path, nonce=nonce)
            if child is not None:
                self._warmed.append((start, child))
                return child
        return await self._cold.launch(argv, env=env, cwd=cwd, log_path=log_path, nonce=nonce)

    async def _is_trusted(self, start: Start) -> bool:
        """Whether a spare may be used: not right after a warm one that ended with an error."""
        ended = [(begun, child) for begun, child in self._warmed if not child.alive()]
        self._warmed = [pair for pair in self._warmed if pair not in ended]
        failed = [begun for begun, child in ended if ((await child.wait()) or 0) > 0]
        self._errors += failed
        if sum(start.same_imports(one) for one in self._errors) >= MOST_ERRORS:
            self._spares.give_up(start, "two warm starts ended with an error")
            return False
        return not any(start.same_imports(one) for one in failed)

    def adopt(self, identity: Identity) -> Child | None:
        """See `Launcher.adopt`."""
        return self._cold.adopt(identity)

    async def sweep(self, nonce: str, process_group: int | None = None) -> int:
        """See `Launcher.sweep`."""
        return await self._cold.sweep(nonce, process_group)
