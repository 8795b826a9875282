"""What the monitor makes of its looks at the gateway."""

import asyncio
from typing import Any, cast

import pytest

from core.gateway.calls import RunningRequest
from core.monitoring import gateway_watch
from core.monitoring import monitor as module
from core.monitoring.monitor import Monitor
from core.status import GatewayView


class Clock:
    """Moves when told."""

    seconds = 100.0

    def now(self) -> int:
        """Microseconds of the test's time."""
        return int(self.seconds * 1e6)

    def monotonic(self) -> float:
        """The test's time."""
        return self.seconds


class Fleet:
    """No engines: their numbers are not what this is about."""

    def endpoints(self) -> dict[str, Any]:
        """None."""
        return {}


class Gateway:
    """A LiteLLM that runs."""

    def view(self) -> GatewayView:
        """Ready, as process 7."""
        return GatewayView(state="ready", port=4000, pid=7)


def request(recipe_id: str, lane: str) -> RunningRequest:
    """One that runs."""
    return RunningRequest(
        request_id="r", path="/v1/chat/completions", model=recipe_id, recipe_id=recipe_id,
        actor="api", key_id=None, lane=lane, state="running", since=0, stream=True,
    )  # fmt: skip


async def test_a_saturated_gateway_is_known_before_anybody_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who opens a window is told at once; nothing is sampled for that."""
    clock = Clock()

    def a_whole_core(pid: int) -> float:
        clock.seconds += 2.0  # since the last look
        return clock.seconds - 50.0

    monkeypatch.setattr(gateway_watch, "wanted_s", a_whole_core)
    monkeypatch.setattr(gateway_watch, "LOOK_S", 0.0)
    monitor = Monitor(
        store=cast("Any", None),
        fleet=cast("Any", None),
        gateway=cast("Any", Gateway()),
        switchboard=cast("Any", None),
        inflight=cast("Any", None),
        clock=clock,
        requests=lambda: [request("a", "gateway")],
        can_go_direct=lambda recipe_id: True,
    )
    said = asyncio.Event()
    monitor.listen(said.set)
    running = asyncio.create_task(monitor.run())
    try:
        await asyncio.wait_for(said.wait(), 20)
        held = monitor.held_back()
        assert held is not None
        assert (held.recipe_ids, held.direct) == (("a",), ("a",))
    finally:
        running.cancel()


class Switchboard:
    """What is under way, as a test says."""

    under_way: tuple[str, ...] = ()

    def views(self) -> tuple[str, ...]:
        """It."""
        return self.under_way


def resting(switchboard: Switchboard, asked: list[int], clock: Clock | None = None) -> Monitor:
    """A monitor of a studio where no request runs; `asked` grows with each look for one."""

    def requests() -> tuple[RunningRequest, ...]:
        asked.append(1)
        return ()

    return Monitor(
        store=cast("Any", None),
        fleet=cast("Any", Fleet()),
        gateway=cast("Any", Gateway()),
        switchboard=cast("Any", switchboard),
        inflight=cast("Any", None),
        clock=clock or Clock(),
        requests=requests,
    )


async def test_a_studio_at_rest_is_sampled_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it still rests is looked at as often as it is sampled otherwise."""
    monkeypatch.setattr(module, "INTERVAL_S", 0.001)
    monkeypatch.setattr(module, "QUIET_S", 0.005)
    asked: list[int] = []
    switchboard = Switchboard()
    monitor = resting(switchboard, asked)
    await monitor._pause()
    assert len(asked) >= 4, "one interval after the other, and still nothing to show"
    asked.clear()
    switchboard.under_way = ("a load",)
    await monitor._pause()
    assert len(asked) == 1, "something changes: the next sample comes after one interval"


async def test_who_begins_to_follow_waits_for_nobodys_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause of a studio at rest ends at once."""
    monkeypatch.setattr(module, "INTERVAL_S", 1e6)
    monkeypatch.setattr(module, "QUIET_S", 1e7)
    monitor = resting(Switchboard(), [])
    pause = asyncio.create_task(monitor._pause())
    await asyncio.sleep(0)
    leave = monitor.follow(lambda sample: None)
    await asyncio.wait_for(pause, 30)
    leave()


async def test_the_last_minutes_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """For who opens a window later; bounded in time and in number."""
    clock = Clock()
    monitor = resting(Switchboard(), [], clock)
    monkeypatch.setattr(module, "INTERVAL_S", 1e-9)
    monkeypatch.setattr(module, "QUIET_S", 0.0)
    monkeypatch.setattr(module, "read_hardware", lambda: None)
    assert monitor.recently() == ()
    many = asyncio.Event()
    seen: list[int] = []

    def look(sample: module.Sample) -> None:
        clock.seconds += 2.0
        seen.append(sample.at)
        if len(seen) == 200:
            many.set()

    leave = monitor.follow(look)
    sampling = asyncio.create_task(monitor._sampling())
    await asyncio.wait_for(many.wait(), 60)
    sampling.cancel()
    leave()
    kept = [figures.at for figures in monitor.recently()]
    assert kept == seen[-149:], "the newest in their order, as old as a chart at most"
    clock.seconds += module.KEPT_S
    assert monitor.recently() == (), "what nobody looked at is not there"
