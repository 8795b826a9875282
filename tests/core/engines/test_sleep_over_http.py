"""Sleep with real processes and real memory: what is believed is what was measured."""

import asyncio
import json
import urllib.request
from typing import Any

import httpx
import pytest

from core.engines.fleet import Fleet
from core.recipes.recipe import Recipe
from events.store import EventStore
from tests.core.engines.conftest import MakeFleet, sim
from tests.harness.processes import group_members

MEMORY = ("--memory-mib", "96")
CHAT = {"model": "a", "messages": [{"role": "user", "content": "hello"}]}
ALSO = ("/health", "/metrics", "/v1/models")


def sleeper(level: str, *knobs: str) -> Recipe:
    """A sim engine that holds memory and may sleep."""
    return sim("a", *MEMORY, *knobs, sleep=level)


def asked(fleet: Fleet) -> list[str]:
    """What it was asked, in order, without the looks at its health."""
    (view,) = fleet.views()
    url = f"http://127.0.0.1:{view.port}/_sim/requests"
    with urllib.request.urlopen(url, timeout=60) as answer:
        received: list[dict[str, Any]] = json.load(answer)["received"]
    return [
        f"{one['path']}?{one['query']}".rstrip("?") for one in received if one["path"] not in ALSO
    ]


def types(store: EventStore) -> list[str]:
    """What was recorded of engines."""
    told = [r.type.removeprefix("engine-") for r in store.read_all() if r.type[:7] == "engine-"]
    return [one for one in told if one != "progressed"]


@pytest.mark.parametrize(
    ("level", "waking"),
    [
        (1, ["/wake_up", "/reset_prefix_cache"]),
        (2, ["/wake_up", "/collective_rpc", "/reset_prefix_cache"]),
    ],
)
async def test_it_sleeps_by_the_query_and_wakes_in_order(
    make_fleet: MakeFleet, level: int, waking: list[str]
) -> None:
    """Asked, level, measured; then woken, reloaded, forgotten, asked again. (C68, C69)"""
    recipe = sleeper(str(level))
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        slept = await fleet.sleep("a", level=level, actor="cli")
        assert slept is not None
        assert slept.host_bytes_freed > 80 << 20
        assert slept.host_bytes < slept.host_bytes_freed
        assert asked(fleet) == ["/v1/chat/completions", f"/sleep?level={level}"]
        endpoint = await fleet.ensure_ready(recipe, 1, actor="cli")
        assert asked(fleet)[2:] == [*waking, "/v1/chat/completions"]
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            url = f"http://127.0.0.1:{endpoint.port}/v1/chat/completions"
            said = (await http.post(url, json=CHAT)).json()
        assert said["choices"][0]["message"]["content"].startswith("tok0 tok1")
        await fleet.stop_all(reason="done", actor="cli")


@pytest.mark.parametrize(
    ("knobs", "code"),
    [
        (("--sleep-frees-nothing",), "sleep-freed-nothing"),
        (("--sleep-fails",), "sleep-refused"),
    ],
)
async def test_who_does_not_give_its_memory_back_is_ended(
    make_fleet: MakeFleet, store: EventStore, knobs: tuple[str, ...], code: str
) -> None:
    """Before the answer: whoever wanted the memory finds it free. (C71)"""
    async with make_fleet() as fleet:
        await fleet.ensure_ready(sleeper("1", *knobs), 1, actor="cli")
        pid = fleet.views()[0].pid or 0
        assert await fleet.sleep("a", level=1, actor="cli") is None
        assert group_members(pid) == []
        assert fleet.views() == ()
    failed = next(r.event for r in store.read_all() if r.type == "engine-sleep-failed")
    assert getattr(failed, "code", None) == code


@pytest.mark.parametrize(
    ("level", "knobs", "code"),
    [
        ("1", ("--wake-fails",), "wake-refused"),
        ("2", ("--reload-does-nothing",), "wake-gibberish"),
    ],
)
async def test_who_does_not_wake_in_its_right_mind_is_started_anew(
    make_fleet: MakeFleet, store: EventStore, level: str, knobs: tuple[str, ...], code: str
) -> None:
    """In the same call; nobody is served gibberish. (C69, C70)"""
    recipe = sleeper(level, *knobs)
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        first = fleet.views()[0].pid or 0
        assert await fleet.sleep("a", level=int(level), actor="cli")
        await fleet.ensure_ready(recipe, 1, actor="cli")
        assert fleet.views()[0].pid != first
        assert group_members(first) == []
        await fleet.stop_all(reason="done", actor="cli")
    failed = next(r.event for r in store.read_all() if r.type == "engine-wake-failed")
    assert getattr(failed, "code", None) == code
    assert types(store)[5:10] == [
        *("wake-requested", "wake-failed", "stopped", "start-requested", "started"),
    ]


async def test_a_waking_that_hangs_ends_at_its_limit(
    make_fleet: MakeFleet, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is no end of the request. (C70)"""
    monkeypatch.setattr("core.engines.supervisor.wake_limit_s", lambda _cold: 0.3)
    recipe = sleeper("1", "--wake-seconds", "900")
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        assert await fleet.sleep("a", level=1, actor="cli")
        await fleet.ensure_ready(recipe, 1, actor="cli")
        assert set(fleet.endpoints()) == {"a"}
        await fleet.stop_all(reason="done", actor="cli")
    failed = next(r.event for r in store.read_all() if r.type == "engine-wake-failed")
    assert getattr(failed, "code", None) == "wake-timeout"


async def test_who_still_works_is_not_put_to_sleep(make_fleet: MakeFleet) -> None:
    """By its own count; the answer it gives is whole. (C68)"""
    recipe = sleeper("1", "--tokens", "2000", "--tokens-per-second", "20")
    async with make_fleet() as fleet:
        endpoint = await fleet.ensure_ready(recipe, 1, actor="cli")
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            url = f"http://127.0.0.1:{endpoint.port}"
            answer = asyncio.ensure_future(
                http.post(f"{url}/v1/chat/completions", json={**CHAT, "max_tokens": 2000})
            )
            while not (await http.get(f"{url}/_sim/requests")).json()["running"]:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
            assert await fleet.sleep("a", level=1, actor="cli") is None
            assert set(fleet.endpoints()) == {"a"}
            await http.post(f"{url}/_sim/knobs", json={"tokens_per_second": 0})  # the rest at once
            assert (await answer).json()["usage"]["completion_tokens"] == 2000
        assert not any(path.startswith("/sleep") for path in asked(fleet))
        await fleet.stop_all(reason="done", actor="cli")


async def test_an_engine_without_the_routes_serves_on(make_fleet: MakeFleet) -> None:
    """404 is an answer: it was not put to sleep, and it is not ended for that."""
    recipe = sleeper("1", "--no-sleep-routes")
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        assert await fleet.sleep("a", level=1, actor="cli") is None
        assert set(fleet.endpoints()) == {"a"}
        assert fleet.can_sleep("a") == ()
        await fleet.stop_all(reason="done", actor="cli")


async def test_a_sleeper_survives_the_app_asleep(make_fleet: MakeFleet) -> None:
    """It is adopted as what its log says, though its health path answers 200; then it wakes."""
    recipe = sleeper("2")
    async with make_fleet() as fleet:
        await fleet.ensure_ready(recipe, 1, actor="cli")
        assert await fleet.sleep("a", level=2, actor="cli")
        pid = fleet.views()[0].pid
    async with make_fleet() as fleet:
        assert await fleet.reconcile() == []
        assert [(v.state, v.sleep_level, v.pid) for v in fleet.views()] == [("asleep", 2, pid)]
        assert fleet.asleep()[0].host_bytes > 0
        await fleet.ensure_ready(recipe, 1, actor="cli")
        assert asked(fleet)[-4:] == [
            *("/wake_up", "/collective_rpc", "/reset_prefix_cache", "/v1/chat/completions"),
        ]
        assert fleet.views()[0].pid == pid
        await fleet.stop_all(reason="done", actor="cli")
