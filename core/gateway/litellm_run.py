"""One run of LiteLLM, from launch or adoption to its end.

    with Run(child, …): answering ─► following (its usage, its health) ─► over, nothing left

It counts as answering only when a process of ours owns the port and says the launch's nonce: the
master key is never shown to a stranger who sits there.
"""

import asyncio
import contextlib
from collections.abc import Callable

from core.engines.processes import Child
from core.gateway.errors import UpstreamLost
from core.gateway.litellm_door import WHOAMI_S, Door, WhoAmI
from core.gateway.pulse import Pulse
from core.gateway.usage_ledger import UsageReport

START_S = 180.0  # cold, without bytecode, on a busy machine: 40 s
LOOK_S = 0.1
FOLLOW_AGAIN_S = 1.0
PROBE_S = 15.0  # between looks at a ready LiteLLM
PROBES_MISSED = 4  # one worker that translates megabytes may be silent for a while
STOP_GRACE_S = 2.0  # whoever it served has been answered or told before it is stopped
TOLD_ENOUGH = (None, 0, -9, -15)  # exit codes whose reason is not in the log


class Run:
    """Watches one child. Make it where a loop runs, and `close` it."""

    def __init__(
        self, child: Child, *, port: int, door: Door, last_words: Callable[[], str]
    ) -> None:
        self.child = child
        self._port = port
        self._door = door
        self._last_words = last_words
        self._exit = asyncio.create_task(child.wait())

    async def answering(self) -> str:
        """Return "" when it answers, or the reason why it never will."""
        try:
            async with asyncio.timeout(START_S):
                while not self._exit.done():
                    if self.child.listens_on(self._port) and await self._is_itself():
                        return ""
                    await asyncio.wait({self._exit}, timeout=LOOK_S)
        except TimeoutError:
            return f"it did not answer within {START_S:.0f} s"
        return self._exit_sentence()

    async def over(self, usage: Callable[[UsageReport], None], pulse: Pulse) -> str:
        """Follow its usage and look after it; returns why it is over.

        One that answers no look, but has passed on bytes since the last one (`pulse`), is busy, not
        stuck: whoever is served by it would be cut off. One that says it is another is neither.
        """
        following = asyncio.create_task(self._follow(usage))
        missed = 0
        try:
            while missed < PROBES_MISSED:
                await asyncio.wait({self._exit}, timeout=PROBE_S)
                if self._exit.done():
                    return self._exit_sentence()
                answer, moves = await self._who(), pulse.taken()
                well = moves if answer is None else self._is_its(answer)
                missed = 0 if well else missed + 1
            return "it stopped answering"
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following

    async def swept(self) -> int | None:
        """Nothing of it is left when this returns; its exit code, when somebody knows it."""
        await self.child.stop(0.0 if self._exit.done() else STOP_GRACE_S)
        return await self._exit

    def close(self) -> None:
        """Stop watching. The process is left as it is."""
        self._exit.cancel()

    async def _is_itself(self) -> bool:
        answer = await self._who()
        return answer is not None and self._is_its(answer)

    async def _who(self) -> WhoAmI | None:
        return await self._door.whoami(self._port, timeout_s=WHOAMI_S)

    def _is_its(self, answer: WhoAmI) -> bool:
        return answer.nonce == self.child.identity.nonce

    async def _follow(self, usage: Callable[[UsageReport], None]) -> None:
        while True:
            with contextlib.suppress(UpstreamLost):
                async for report in self._door.usage(self._port):
                    usage(report)
            await asyncio.sleep(FOLLOW_AGAIN_S)

    def _exit_sentence(self) -> str:
        code = self._exit.result()
        told = "it ended" if code is None else f"it ended with exit code {code}"
        words = "" if code in TOLD_ENOUGH else self._last_words()
        return f"{told}: {words}" if words else told
