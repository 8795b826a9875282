"""Samples hardware and engines while somebody looks, and answers whether all parts work."""

import asyncio
import contextlib
import logging
import shutil
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from core.clock import Clock
from core.engines.fleet import Endpoint, Fleet
from core.gateway.calls import RunningRequest
from core.gateway.gateway import Gateway
from core.gateway.inflight import InFlight
from core.hardware import Hardware, read_hardware
from core.monitoring.engine_metrics import EngineSample, Reading, between, parse, scrape
from core.monitoring.gateway_watch import GatewayWatch
from core.monitoring.totals import Totals
from core.switching.switchboard import Switchboard
from events.errors import EventError
from events.store import EventStore

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
QUIET_S = 10.0
KEPT_S = 5 * 60  # what a chart of the window shows
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


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a sample: what charts show, without the machine."""

    at: int
    engines: dict[str, EngineSample]
    gateway: GatewaySample


class Monitor:
    """Samples nothing while nobody follows; what it keeps always is the watch over the gateway."""

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
        self._watch = GatewayWatch(
            gateway=gateway, clock=clock, requests=requests, can_go_direct=can_go_direct
        )
        self.held_back = self._watch.held_back
        self.listen = self._watch.listen  # to a change of `held_back`
        self._followers: list[Callable[[Sample], None]] = []
        self._wanted = asyncio.Event()
        self._came = asyncio.Event()  # somebody follows who has had no sample yet
        self._readings: dict[str, Reading] = {}
        self._kept: deque[Figures] = deque(maxlen=int(KEPT_S / INTERVAL_S))
        self.totals = Totals(clock)

    def follow(self, callback: Callable[[Sample], None]) -> Callable[[], None]:
        """Call back in the loop with every sample; returns how to stop."""
        self._followers.append(callback)
        self._wanted.set()
        self._came.set()
        return lambda: self._leave(callback)

    def recently(self) -> tuple[Figures, ...]:
        """What was measured in the last five minutes, the oldest first.

        So that a window that was opened anew goes on with its charts where the former one was.
        """
        since = self._clock.now() - KEPT_S * 1_000_000
        return tuple(one for one in self._kept if one.at > since)

    async def run(self) -> None:
        """Watch the gateway, and sample while there are followers, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch.run())
            tasks.create_task(self._sampling())

    async def _sampling(self) -> None:
        """Sample every two seconds; every ten while nothing runs and nothing changes.

        Each sample is drawn by every window that is open. Who begins to follow gets one at once.
        """
        while True:
            await self._wanted.wait()
            self._came.clear()
            try:
                sample = await self.sample()
                self._kept.append(
                    Figures(at=sample.at, engines=sample.engines, gateway=sample.gateway)
                )
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
