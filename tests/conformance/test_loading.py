"""Loading: C20–C29."""

import asyncio
import time
from pathlib import Path

import httpx

from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually


async def ask_many(studio: StudioServer, model: str, count: int) -> list[httpx.Response]:
    """`count` chats at once."""
    limits = httpx.Limits(max_connections=count)
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        calls = [client.post(f"{studio.v1}/chat/completions", json=body) for _ in range(count)]
        return list(await asyncio.gather(*calls))


async def test_c20_fifty_requests_at_once_start_one_engine(studio: StudioServer) -> None:
    """Everybody joins the one start, and everybody is answered."""
    studio.add(sim_recipe("c20-a", load_seconds=1, tokens=3))
    head = studio.head
    answers = await ask_many(studio, "c20-a", 50)
    assert [answer.status_code for answer in answers] == [200] * 50
    assert len(studio.happened("engine-start-requested", after=head, recipe_id="c20-a")) == 1


def test_c26_a_load_whose_only_waiter_leaves_finishes_all_the_same(
    studio: StudioServer, tmp_path: Path
) -> None:
    """By default the load completes: it is never "starting" for ever."""
    studio.add(sim_recipe("c26-a", load_until=tmp_path / "go on"))
    stream = studio.stream("c26-a")
    eventually(lambda: "c26-a" in studio.engines(), within=30, what="the start")
    eventually(lambda: studio.status()["waiting"], within=30, what="it waits")
    stream.leave()
    eventually(lambda: not studio.status()["waiting"], within=30, what="it is seen to have left")
    (tmp_path / "go on").touch()
    studio.wait_for_state("c26-a", "ready")
    assert answers_seen_by(studio.engines()["c26-a"]["port"]) == []


async def test_c28_a_crash_while_loading_is_told_to_every_waiter_at_once(
    studio: StudioServer,
) -> None:
    """All get one 5xx with the exit code and the last lines, long before any timeout."""
    secret = "RuntimeError: CUDA error: no kernel image is available"
    studio.add(sim_recipe("c28-a", load_seconds=1, crash_while_loading=3, log_line=[secret]))
    head, began = studio.head, time.monotonic()
    answers = await ask_many(studio, "c28-a", 5)
    assert time.monotonic() - began < 45, "a load is given up after a minute"
    assert all(500 <= answer.status_code < 600 for answer in answers), answers
    for answer in answers:
        message = str(answer.json()["error"])
        assert "3" in message, message
        assert "no kernel image" in message, message
    failed = studio.happened("engine-start-failed", after=head, recipe_id="c28-a")
    assert [one["data"]["exit_code"] for one in failed] == [3]
    eventually(lambda: not studio.engines(), within=30, what="the status says so, too")


def test_c29_a_load_that_hangs_is_ended_and_the_next_model_works(studio: StudioServer) -> None:
    """504 after the load's deadline, the process group gone, and B is served."""
    studio.add(sim_recipe("c29-a", hang_while_loading=True, recipe={"load_timeout_s": 2}))
    studio.add(sim_recipe("c29-b", tokens=2))
    answer = studio.chat("c29-a")
    assert answer.status_code == 504, answer.text
    assert "c29-a" in answer.json()["error"]["message"]
    eventually(lambda: not studio.engines(), within=30, what="its process group is gone")
    assert studio.chat("c29-b").status_code == 200
