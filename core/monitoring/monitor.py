"""Samples hardware and engines while somebody looks, and answers whether all parts work."""

import asyncio
import contextlib
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from core.clock import Clock
from core.engines.fleet import Endpoint, Fleet
from core.gateway.calls import RunningRequest
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.hardware import Hardware, read_hardware
from core.monitoring.bottleneck import Held, Look, judge, kept
from core.monitoring.engine_metrics import EngineSample, Reading, between, parse, scrape
from core.monitoring.process_load import wanted_s
from core.monitoring.totals import Totals
from core.status import HeldBackView
from core.switching.switchboard import Switchboard
from events.errors import EventError
from events.store import EventStore

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
QUIET_S = 10.0
LEAST_FREE = 64 * 2**20  # bytes; below it an append may soon fail
CHECK_S = 2.0  # how long a part may take to show that it works


class GatewaySample(msgspec.Struct, frozen=True, kw_only=True):
    """What goes through the gateway."""

    requests_per_s: float


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the machine."""

    at: int  # µs since the epoch
    hardware: Hardware
    engines: dict[str, EngineSample]  # by recipe id
    gateway: GatewaySample


class Monitor:
    """Costs nothing while nobody follows."""

    def __init__(
        self,
        *,
        store: EventStore,
        fleet: Fleet,
        gateway: Gateway,
        switchboard: Switchboard,
        inflight: InFlight,
        clock: Clock,
        requests: Callable[[], Sequence[RunningRequest]] = tuple,
        can_go_direct: Callable[[str], bool] = lambda recipe_id: False,
    ) -> None:
        """`requests` that have not ended; `can_go_direct`: a recipe whose own word would do it."""
        self._store = store
        self._fleet = fleet
        self._gateway = gateway
        self._switchboard = switchboard
        self._inflight = inflight
        self._clock = clock
        self._requests = requests
        self._can_go_direct = can_go_direct
        self._looks: tuple[Look, ...] = ()
        self._held: Held | None = None
        self._held_since = 0
        self._on_held: list[Callable[[], None]] = []
        self._followers: list[Callable[[Sample], None]] = []
        self._wanted = asyncio.Event()
        self._came = asyncio.Event()  # somebody follows who has had no sample yet
        self._readings: dict[str, Reading] = {}
        self.totals = Totals(clock)

    def follow(self, callback: Callable[[Sample], None]) -> Callable[[], None]:
        """Call back in the loop with every sample; returns how to stop."""
        self._followers.append(callback)
        self._wanted.set()
        self._came.set()
        return lambda: self._leave(callback)

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop when `held_back` is no longer what it was."""
        self._on_held.append(callback)

    def held_back(self) -> HeldBackView | None:
        """Whether the gateway is what holds answers back; None while nobody follows."""
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
        """Sample while there are followers, until cancelled.

        Every two seconds; every ten while nothing runs and nothing changes, because each sample
        is drawn by every window that is open. Who begins to follow gets one at once.
        """
        while True:
            await self._wanted.wait()
            self._came.clear()
            try:
                sample = await self.sample()
                for callback in tuple(self._followers):
                    callback(sample)
            except Exception:
                log.exception("the machine could not be sampled")
            await self._pause()

    async def _pause(self) -> None:
        waited = 0.0
        while waited < INTERVAL_S or (waited < QUIET_S and self._is_quiet()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._came.wait()
                    return
            waited += INTERVAL_S

    def _is_quiet(self) -> bool:
        came = self.totals.requests_per_s() > 0
        return not came and not self._requests() and not self._switchboard.views()

    async def sample(self) -> Sample:
        """Look at everything once."""
        self._look_at_gateway()
        endpoints = self._fleet.endpoints()
        hardware, engines = await asyncio.gather(
            asyncio.to_thread(read_hardware),
            asyncio.gather(*map(self._engine, endpoints.values())),
        )
        return Sample(
            at=self._clock.now(),
            hardware=hardware,
            engines=dict(zip(endpoints, engines, strict=True)),
            gateway=GatewaySample(requests_per_s=self.totals.requests_per_s()),
        )

    def _look_at_gateway(self) -> None:
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
            for callback in tuple(self._on_held):
                callback()

    async def checks(self) -> dict[str, str]:
        """Part → "ok", or what is wrong; each within its deadline."""
        gateway = self._gateway.view()
        return {
            "log": await self._check_log(),
            "switching": await self._switchboard.answers(within_s=CHECK_S),
            "gateway": "ok" if gateway.state == "ready" else gateway.error or gateway.state,
        }

    async def _check_log(self) -> str:
        try:
            async with asyncio.timeout(CHECK_S):
                free = await asyncio.to_thread(self._look_at_log)
        except TimeoutError:
            return f"the log did not answer within {CHECK_S:.0f} s"
        except (EventError, OSError) as error:
            return str(error)
        if free < LEAST_FREE:
            return f"only {free // 2**20} MiB are free where the log is"
        for name, reason in self._store.broken_projections.items():
            return f"the read model {name} is behind: {reason}"
        return "ok"

    def _look_at_log(self) -> int:
        """Read the log once; the free bytes of its disk."""
        self._store.read_all(self._store.head - 1, 1)
        return shutil.disk_usage(self._store.path.parent).free

    async def _engine(self, endpoint: Endpoint) -> EngineSample:
        text = await asyncio.to_thread(scrape, endpoint.host, endpoint.port, endpoint.api_key)
        if text is None:
            return self._from_the_proxy(endpoint.recipe_id)
        now = parse(text, self._clock.monotonic())
        before = self._readings.get(endpoint.engine_id)
        self._readings = {
            e.engine_id: self._readings[e.engine_id]
            for e in self._fleet.endpoints().values()
            if e.engine_id in self._readings
        } | {endpoint.engine_id: now}
        return between(before, now)

    def _from_the_proxy(self, recipe_id: str) -> EngineSample:
        return EngineSample(
            generation_tps=self.totals.generation_tps(recipe_id),
            running=float(self._inflight.count(recipe_id)),
            ttft_p50_ms=self.totals.ttft_p50_ms(recipe_id),
        )

    def _leave(self, callback: Callable[[Sample], None]) -> None:
        if callback in self._followers:
            self._followers.remove(callback)
        if not self._followers:
            self._wanted.clear()
            self._hold((), None)
