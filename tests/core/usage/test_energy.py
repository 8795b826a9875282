"""Energy is shared by time: pure arithmetic over readings that are fed in."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.hardware.power import Power
from core.usage.energy import EnergyMeter
from tests.core.gateway.virtual_time import LoopClock, run


class Bench:
    """A meter, a clock that stands still, and GPUs that draw what they are told to."""

    def __init__(self, watts: Mapping[str, float], devices: Mapping[str, tuple[str, ...]]) -> None:
        self.at = 0.0
        self.watts = dict(watts)
        self.joules = dict.fromkeys(watts, 0.0)
        self.meter = EnergyMeter(
            read=self.read, devices_of=lambda recipe_id: devices.get(recipe_id, ()), clock=self
        )
        self.meter.know(self.read())

    def now(self) -> int:
        """Microseconds."""
        return int(self.at * 1e6)

    def monotonic(self) -> float:
        """Seconds."""
        return self.at

    def read(self) -> dict[str, Power]:
        """What the counters say."""
        return {name: Power(joules=joules) for name, joules in self.joules.items()}

    def pass_time(self, seconds: float) -> None:
        """Everything goes on drawing."""
        self.at += seconds
        for name, watts in self.watts.items():
            self.joules[name] += watts * seconds

    def sample(self) -> None:
        """A reading."""
        self.meter.sampled(self.read())


def test_a_request_alone_has_all_that_was_drawn() -> None:
    """Its rest after the last reading at the power of the last two."""
    bench = Bench({"g": 100.0}, {})
    bench.meter.enter("a", "r")
    bench.sample()
    bench.pass_time(1.0)
    bench.sample()
    bench.pass_time(0.5)
    assert bench.meter.leave("a") == pytest.approx(150.0)
    assert bench.meter.leave("a") is None


def test_common_moments_are_halved_and_idle_ones_are_nobodys() -> None:
    """Also within one window."""
    bench = Bench({"g": 100.0}, {})
    bench.meter.enter("a", "r")
    bench.sample()
    bench.pass_time(1.0)
    bench.meter.enter("b", "r")
    bench.pass_time(2.0)
    bench.sample()
    bench.pass_time(1.0)
    bench.sample()
    assert bench.meter.leave("a") == pytest.approx(100 + 50 * 3)
    bench.pass_time(1.0)
    assert bench.meter.leave("b") == pytest.approx(50 * 3 + 100)
    bench.pass_time(9.0)
    bench.meter.enter("c", "r")
    bench.sample()
    bench.pass_time(1.0)
    bench.sample()
    assert bench.meter.leave("c") == pytest.approx(100.0)


def test_each_recipe_pays_for_its_own_gpus() -> None:
    """One on both, one on the second only."""
    bench = Bench({"g": 100.0, "h": 200.0}, {"both": ("g", "h"), "one": ("h",)})
    bench.meter.enter("a", "both")
    bench.meter.enter("b", "one")
    bench.sample()
    bench.pass_time(2.0)
    bench.sample()
    assert bench.meter.leave("a") == pytest.approx(2 * (100 + 100))
    assert bench.meter.leave("b") == pytest.approx(2 * 100)


def test_what_is_not_known_is_none() -> None:
    """No reading yet, a device that tells nothing, one that fell silent meanwhile."""
    bench = Bench({"g": 100.0}, {"elsewhere": ("MIG-1",)})
    bench.meter.enter("short", "r")
    assert bench.meter.leave("short") is None
    bench.meter.enter("sliced", "elsewhere")
    bench.meter.enter("a", "r")
    bench.sample()
    bench.pass_time(1.0)
    bench.sample()
    assert bench.meter.leave("sliced") is None
    bench.pass_time(1.0)
    bench.meter.sampled({})
    bench.pass_time(1.0)
    bench.sample()
    bench.pass_time(1.0)
    bench.sample()
    assert bench.meter.leave("a") is None
    assert bench.meter.leave("nobody") is None


def test_a_machine_that_tells_nothing_costs_nothing() -> None:
    """No entry is kept."""
    bench = Bench({}, {})
    bench.meter.enter("a", "r")
    assert bench.meter._requests == {}
    assert bench.meter.leave("a") is None


def test_a_model_elsewhere_draws_nothing_here() -> None:
    """Whatever the GPUs of this machine do meanwhile."""
    bench = Bench({"g": 100.0}, {})
    bench.meter._devices_of = lambda recipe_id: None
    bench.meter.enter("a", "remote:openai/gpt")
    assert not bench.meter._wanted.is_set()
    bench.pass_time(1.0)
    assert bench.meter.leave("a") is None


def test_a_card_without_a_counter_is_integrated_from_its_power() -> None:
    """By the mean of two readings."""
    bench = Bench({"g": 0.0}, {})
    bench.meter.enter("a", "r")
    bench.meter.sampled({"g": Power(watts=100.0)})
    bench.at = 1.0
    bench.meter.sampled({"g": Power(watts=200.0)})
    assert bench.meter.leave("a") == pytest.approx(150.0)


_spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=8
)  # begin and length, in fifths of a second


@given(_spans, st.integers(1, 7), st.integers(10, 500))
def test_the_parts_add_up_to_what_was_drawn_while_anybody_was_served(
    spans: list[tuple[int, int]], every: int, watts: int
) -> None:
    """At constant power, wherever the readings fall; nobody has more than was drawn for them."""
    bench = Bench({"g": float(watts)}, {})
    bench.sample()
    got: dict[int, float | None] = {}
    busy = 0
    for tick in range(82):
        for number, (begin, length) in enumerate(spans):
            if begin + length == tick:
                got[number] = bench.meter.leave(str(number))
            if begin == tick:
                bench.meter.enter(str(number), "r")
        if tick % every == 0:
            bench.sample()
        busy += any(begin <= tick < begin + length for begin, length in spans)
        bench.pass_time(0.2)
    known = [joules for joules in got.values() if joules is not None]
    if len(known) == len(spans):
        assert sum(known) == pytest.approx(busy * 0.2 * watts)
    for number, joules in got.items():
        assert joules is None or 0 < joules <= spans[number][1] * 0.2 * watts * 1.0001


def test_readings_are_made_while_requests_run_and_not_otherwise() -> None:
    """Soon at first, then every second; the next request begins anew."""

    async def scenario() -> None:
        looks: list[float] = []
        clock = LoopClock()

        def read() -> dict[str, Power]:
            looks.append(clock.monotonic())
            return {"g": Power(joules=50 * clock.monotonic())}

        meter = EnergyMeter(read=read, devices_of=lambda recipe_id: (), clock=clock)
        meter.know(read())

        async def look() -> dict[str, Power]:
            return read()

        meter._look = look  # type: ignore[method-assign]  # virtual time knows no threads
        task = asyncio.create_task(meter.run())
        await asyncio.sleep(60)
        assert len(looks) == 2
        meter.enter("a", "r")
        await asyncio.sleep(3.5)
        assert meter.leave("a") == pytest.approx(50 * 3.5)
        seen = len(looks)
        assert seen == 2 + 4 + 2
        await asyncio.sleep(60)
        assert len(looks) == seen
        meter.enter("b", "r")
        await asyncio.sleep(2)
        assert meter.leave("b") == pytest.approx(100)
        task.cancel()

    run(scenario())
