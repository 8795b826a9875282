"""A LiteLLM that does not say who it is when it is asked: busy, or stuck?

A real process that answers no look of its supervisor. Its streams move on by one piece for each
look, and a look is given up when its piece has come, so that nothing here depends on how fast
anybody is.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.gateway import litellm_run
from core.gateway.gateway import Gateway
from core.gateway.litellm_door import Door, WhoAmI
from core.gateway.litellm_run import PROBES_MISSED
from events.facts.gateway import GatewayCrashed
from events.store import EventStore
from tests.core.gateway.bench import CHAT, bench, post
from tests.core.gateway.test_gateway import House, run_of
from tests.core.gateway.tiny_upstream import json_answer, until, upstream

PIECE = b"data: {}\n\n"
NEVER = 600.0
whoami = Door.whoami


class Watched(House):
    """One whose gateway is looked at all the time."""

    how = ""
    watched: Gateway

    def behave(self, how: str) -> None:
        """The same, for who looks after it, too."""
        super().behave(how)
        self.how = how

    def gateway(self) -> Gateway:
        """A new app's gateway."""
        self.watched = super().gateway()
        return self.watched

    async def look(self, door: Door, port: int, **_: Any) -> WhoAmI | None:
        """Ask who it is. Time is up when a busy one has moved, and for a stuck one at once."""
        busy = self.how == "busy"
        asking = asyncio.ensure_future(whoami(door, port, timeout_s=NEVER))
        waiting = asyncio.ensure_future(
            until(lambda: self.how == "stuck" or (busy and self.watched.pulse.beat), within=NEVER)
        )
        try:
            await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            for one in (asking, waiting):
                one.cancel()
            await asyncio.gather(asking, waiting, return_exceptions=True)


@pytest.fixture
def house(home: Path, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> House:
    """It, empty."""
    made = Watched(home, store)

    async def look(door: Door, port: int, **more: Any) -> WhoAmI | None:
        return await made.look(door, port, **more)

    monkeypatch.setattr(litellm_run, "PROBE_S", 0.01)
    monkeypatch.setattr(Door, "whoami", look)
    return made


@contextlib.asynccontextmanager
async def streaming_through(house: House) -> AsyncIterator[tuple[Gateway, AsyncIterator[bytes]]]:
    """A client's stream through a LiteLLM that is busy."""
    gateway = house.gateway()
    async with run_of(gateway), bench(gateway=gateway) as made:
        await gateway.ready(60)
        made.serve(gateway.port)
        house.behave("busy")
        async with (
            asyncio.timeout(60),
            httpx.AsyncClient(base_url=made.url) as client,
            client.stream("POST", "/v1/chat/completions", json={**CHAT, "stream": True}) as answer,
        ):
            yield gateway, answer.aiter_bytes()


async def test_one_whose_streams_move_is_busy_and_is_left_alone(house: House) -> None:
    """However many looks it does not answer: who is served by it would be cut off."""
    async with streaming_through(house) as (gateway, answer):
        got = b""
        while len(got) < 2 * PROBES_MISSED * len(PIECE):
            got += await anext(answer)
        assert got == PIECE * (len(got) // len(PIECE))
        assert (gateway.view().state, gateway.view().restarts) == ("ready", 0)


async def test_one_in_which_nothing_moves_is_started_again(house: House) -> None:
    """Who waits for it and was told nothing is answered by the engine meanwhile."""
    gateway = house.gateway()
    async with (
        run_of(gateway),
        upstream(json_answer(b"{}")) as engine,
        bench(gateway=gateway) as made,
    ):
        await gateway.ready(60)
        made.serve_directly(engine.port, lane="gateway", gateway_port=gateway.port)
        stuck = gateway.view().pid
        house.behave("stuck")
        answer = await post(made)
        assert (answer.status_code, answer.headers["x-studio-lane"]) == (200, "direct")
        house.behave("")
        await gateway.ready(60)
        assert gateway.view().pid != stuck
    crashed = [r.event for r in house.store.read_stream("gateway") if "crashed" in r.type]
    assert [c.reason for c in crashed if isinstance(c, GatewayCrashed)] == ["it stopped answering"]


async def test_a_stream_that_does_not_move_is_no_sign_of_life(house: House) -> None:
    """It is told that its answer broke off, as whenever LiteLLM ends."""
    async with streaming_through(house) as (gateway, answer):
        first = await anext(answer)
        house.behave("stuck")
        rest = b"".join([piece async for piece in answer])
        assert first.startswith(PIECE)
        assert b'"error"' in rest
        house.behave("")
        await gateway.ready(60)


async def test_one_that_says_it_is_another_is_not_busy(house: House) -> None:
    """Whatever moves through it: that is no silence, and the master key is not for it."""
    async with streaming_through(house) as (gateway, answer):
        await anext(answer)
        house.behave("another")
        rest = b"".join([piece async for piece in answer])
        assert b'"error"' in rest
        house.behave("")
        await gateway.ready(60)
        assert gateway.view().restarts == 1
