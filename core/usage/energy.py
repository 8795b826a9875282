"""How much of the energy that the devices draw is a request's: equal shares of common moments.

The counters of the devices are read every second, and more often at first, while requests run.
Between two readings a device drew, on average, some watts. In each moment they belong in equal
parts to the requests that were in flight on it; what it draws while nobody is served is nobody's.

    readings      |─────────────────|───────────────|
    request a       ├──── all ──┼─ half ──┤
    request b                   ├─ half ──┼─ all ─┤

A request that ends between two readings has the watts of the last two for its rest. Where a device
does not tell what it drew, the answer is None and not a guess.

Each device keeps one sum: what a request would have got that had always been there. A request's
part is the difference between its end and its beginning, so no request costs more than another.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from core.clock import Clock
from core.hardware.power import CPU, Power

log = logging.getLogger(__name__)

PACE_S = (0.1, 0.2, 0.4)  # between the first readings: many requests are short
INTERVAL_S = 1.0


class Mark:
    """Where a request began on one device."""

    __slots__ = ("device", "lost", "seconds", "share", "window")

    def __init__(self, device: "Device") -> None:
        self.device = device
        self.window = device.window
        self.share = device.share  # made exact when the window it began in is read
        self.seconds = device.seconds
        self.lost = device.lost


class Device:
    """One device's sum. Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.share = 0.0  # joules of one that had always been there, up to the last reading
        self.seconds = 0.0  # that such a one had to itself since then
        self.watts: float | None = None  # between the last two readings
        self.window = 0  # readings so far
        self.lost = 0  # windows of which nobody knows what was drawn
        self._in_flight = 0
        self._at = now
        self._last: tuple[float, Power] | None = None
        self._begun: list[Mark] = []  # since the last reading

    def enter(self, now: float) -> Mark:
        """One more is served."""
        self._pass(now)
        self._in_flight += 1
        mark = Mark(self)
        self._begun.append(mark)
        return mark

    def leave(self, mark: Mark, now: float) -> float | None:
        """One less; the joules that were its."""
        self._pass(now)
        self._in_flight -= 1
        if mark.lost != self.lost or self.watts is None:
            return None
        if mark.window == self.window:
            return self.watts * (self.seconds - mark.seconds)
        return self.share - mark.share + self.watts * self.seconds

    def read(self, now: float, power: Power | None) -> None:
        """A reading: what was drawn since the one before is shared out."""
        if self._last is not None and now <= self._last[0]:
            return
        self._pass(now)
        first = self._last is None
        watts = (power.watts if power else None) if first else self._drawn(now, power)
        if watts is None and not (first and power):
            self.lost += 1
        for mark in self._begun:
            mark.share = self.share + (watts or 0.0) * mark.seconds
        self.share += (watts or 0.0) * self.seconds
        if first and watts is None:  # nothing is known of the moment before a first reading
            for mark in self._begun:
                mark.share = self.share
        self._begun.clear()
        self.seconds = 0.0
        self.watts = watts
        self.window += 1
        self._last = (now, power) if power else None

    def rest(self) -> None:
        """Nobody is served: the next reading is a first one again."""
        self._last, self.watts = None, None
        self._begun.clear()

    def _pass(self, now: float) -> None:
        if self._in_flight:
            self.seconds += (now - self._at) / self._in_flight
        self._at = now

    def _drawn(self, now: float, power: Power | None) -> float | None:
        """Watts since the last reading, on average."""
        if self._last is None or power is None:
            return None
        then, before = self._last
        if power.joules is not None and before.joules is not None:
            passed = power.joules - before.joules
            return passed / (now - then) if passed >= 0 else None  # the driver began anew
        if power.watts is not None and before.watts is not None:
            return (power.watts + before.watts) / 2
        return None


class EnergyMeter:
    """Entered and left by requests in the studio's loop; `run` is its task."""

    def __init__(
        self,
        *,
        read: Callable[[], Mapping[str, Power]],
        devices_of: Callable[[str], Sequence[str] | None],
        clock: Clock,
        pace_s: Sequence[float] = PACE_S,
        interval_s: float = INTERVAL_S,
    ) -> None:
        """`read` may block.

        `devices_of` a recipe: its GPUs by UUID; none: it may use all; None: it runs elsewhere.
        """
        self._read = read
        self._devices_of = devices_of
        self._clock = clock
        self._pace_s = tuple(pace_s)
        self._interval_s = interval_s
        self._all: tuple[str, ...] = ()  # what a recipe without devices of its own runs on
        self._devices: dict[str, Device] = {}
        self._of_recipe: dict[str, tuple[str, ...]] = {}  # forgotten at every reading
        self._requests: dict[str, list[Mark]] = {}
        self._wanted = asyncio.Event()

    def enter(self, request_id: str, recipe_id: str) -> None:
        """The request is being served. Costs nothing on a machine that tells nothing."""
        if not self._all:
            return
        if not self._requests:
            self._of_recipe.clear()
        names = self._of_recipe.get(recipe_id)
        if names is None:
            names = self._of_recipe[recipe_id] = self._names(recipe_id)
        if not names:
            return
        self._wanted.set()
        now = self._clock.monotonic()
        self._requests[request_id] = [self._device(name, now).enter(now) for name in names]

    def leave(self, request_id: str) -> float | None:
        """The request has ended: its joules, or None when nobody can tell. Twice is once."""
        marks = self._requests.pop(request_id, None)
        if marks is None:
            return None
        now = self._clock.monotonic()
        parts = [mark.device.leave(mark, now) for mark in marks]
        known = [joules for joules in parts if joules is not None]
        return sum(known) if len(known) == len(parts) else None

    def sampled(self, powers: Mapping[str, Power]) -> None:
        """A reading was made."""
        self.know(powers)
        self._of_recipe.clear()
        now = self._clock.monotonic()
        for name in powers:
            self._device(name, now)
        for name, device in self._devices.items():
            device.read(now, powers.get(name))

    def know(self, powers: Mapping[str, Power]) -> None:
        """Which devices there are: all GPUs, or else the processor. Silence changes nothing."""
        gpus = tuple(name for name in powers if name != CPU)
        self._all = gpus or tuple(powers) or self._all

    async def run(self) -> None:
        """Read while requests run, until cancelled."""
        self.know(await self._look())
        while True:
            await self._wanted.wait()
            paces = iter(self._pace_s)
            while self._requests:
                self.sampled(await self._look())
                await asyncio.sleep(next(paces, self._interval_s))
            self._wanted.clear()
            for device in self._devices.values():
                device.rest()

    async def _look(self) -> Mapping[str, Power]:
        try:
            return await asyncio.to_thread(self._read)
        except Exception:
            log.exception("what the devices draw could not be read")
            return {}

    def _names(self, recipe_id: str) -> tuple[str, ...]:
        devices = self._devices_of(recipe_id)
        return () if devices is None else tuple(devices) or self._all

    def _device(self, name: str, now: float) -> Device:
        if name not in self._devices:
            self._devices[name] = Device(now)
        return self._devices[name]
