"""What is said of the gateway while it is looked at."""

from typing import Any, cast

import pytest

from core.gateway.calls import RunningRequest
from core.monitoring import gateway_watch
from core.monitoring.gateway_watch import GatewayWatch
from core.status import GatewayView
from tests.core.monitoring.test_monitor import Clock, request


class Gateway:
    """A LiteLLM, which may have ended."""

    pid: int | None = 7

    def view(self) -> GatewayView:
        """How it is."""
        return GatewayView(state="ready", port=4000, pid=self.pid)


class Looks:
    """A watch, its clock, and a LiteLLM that wants `share` of a core."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.gateway = Clock(), Gateway()
        self.wanted = 5.0
        self.requests: list[RunningRequest] = [request("a", "gateway"), request("b", "direct")]
        self.told: list[bool] = []
        monkeypatch.setattr(gateway_watch, "wanted_s", lambda pid: self.wanted)
        self.watch = GatewayWatch(
            gateway=cast("Any", self.gateway),
            clock=self.clock,
            requests=lambda: self.requests,
            can_go_direct=lambda recipe_id: recipe_id == "a",
        )
        self.watch.listen(lambda: self.told.append(self.watch.held_back() is not None))

    def look(self, times: int, *, share: float) -> None:
        """Every two seconds."""
        for _ in range(times):
            self.watch.look()
            self.clock.seconds += 2.0
            self.wanted += 2.0 * share


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """A fresh one."""
    return Looks(monkeypatch)


def test_a_saturated_gateway_is_told_once_and_taken_back(looks: Looks) -> None:
    """For whose requests, who may go straight, since when; and no longer when it has eased."""
    looks.look(16, share=1.0)
    held = looks.watch.held_back()
    assert held is not None
    assert (held.recipe_ids, held.direct, held.share) == (("a",), ("a",), 1.0)
    assert held.since == 126_000_000
    assert looks.told == [True]
    looks.look(16, share=0.1)
    assert looks.watch.held_back() is None
    assert looks.told == [True, False]


def test_what_has_ended_holds_nothing_back(looks: Looks) -> None:
    """LiteLLM is started again: until half a minute of the new one was seen nothing is said."""
    looks.look(16, share=1.0)
    looks.gateway.pid = None
    looks.look(1, share=0.0)
    assert looks.watch.held_back() is None
    looks.gateway.pid = 8
    looks.look(10, share=1.0)
    assert looks.told == [True, False]
