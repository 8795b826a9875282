"""Looks at LiteLLM every two seconds, whether or not anybody follows, and says if it holds back.

What a look takes is there already: the kernel's count for one process, and the requests that have
not ended. A request pays nothing for it, and who opens a window is told at once instead of after
half a minute.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence

from core.clock import Clock
from core.gateway.calls import RunningRequest
from core.gateway.gateway import Gateway
from core.monitoring.bottleneck import Held, Look, judge, kept
from core.monitoring.process_load import wanted_s
from core.status import HeldBackView

log = logging.getLogger(__name__)

LOOK_S = 2.0


class GatewayWatch:
    """Keeps half a minute of looks, and what is to be said of them (`bottleneck.py`)."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        clock: Clock,
        requests: Callable[[], Sequence[RunningRequest]],
        can_go_direct: Callable[[str], bool],
    ) -> None:
        """`requests` that have not ended; `can_go_direct`: a recipe whose own word would do it."""
        self._gateway = gateway
        self._clock = clock
        self._requests = requests
        self._can_go_direct = can_go_direct
        self._looks: tuple[Look, ...] = ()
        self._held: Held | None = None
        self._held_since = 0
        self._listeners: list[Callable[[], None]] = []

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop when `held_back` is no longer what it was."""
        self._listeners.append(callback)

    def held_back(self) -> HeldBackView | None:
        """Whether the gateway is what holds answers back, as of the last look."""
        held = self._held
        if held is None:
            return None
        return HeldBackView(
            since=self._held_since,
            share=round(held.share, 2),
            recipe_ids=held.recipe_ids,
            direct=tuple(name for name in held.recipe_ids if self._can_go_direct(name)),
        )

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                self.look()
            except Exception:
                log.exception("the gateway could not be looked at")
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """How much of its one core it wants, and for whom."""
        pid = self._gateway.view().pid
        wanted = wanted_s(pid) if pid is not None else None
        if pid is None or wanted is None:
            self._hold((), None)
            return
        running = Counter(
            request.recipe_id
            for request in self._requests()
            if request.lane == "gateway" and request.state == "running" and request.recipe_id
        )
        at = self._clock.monotonic()
        looks = kept(self._looks, Look(at=at, pid=pid, wanted_s=wanted, running=dict(running)))
        self._hold(looks, judge(looks, self._held))

    def _hold(self, looks: tuple[Look, ...], held: Held | None) -> None:
        before, self._held, self._looks = self._held, held, looks
        if held is not None and before is None:
            self._held_since = self._clock.now()
        if set(before.recipe_ids if before else ()) != set(held.recipe_ids if held else ()):
            for callback in tuple(self._listeners):
                callback()
