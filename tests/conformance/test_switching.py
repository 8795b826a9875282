"""Switching, draining and fairness: C34–C47."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.sim import answers_seen_by, sim_recipe, turn_knobs
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually


@pytest.fixture
def registry(home: Path) -> Path:
    """Where sim engines write when they start, are ready and stop."""
    return home / "registry"


def residents(registry: Path) -> list[set[str]]:
    """Who was running after each line of the registry."""
    now: set[str] = set()
    seen = []
    for line in registry.read_text().splitlines():
        what, name, *_ = line.split()
        now = now - {name} if what == "stop" else now | {name}
        seen.append(now)
    return seen


def test_c34_a_running_stream_is_finished_before_the_switch(
    studio: StudioServer, registry: Path
) -> None:
    """A's stream is whole and identical to an undisturbed one; B starts after its last byte."""
    log: dict[str, Any] = {"registry": str(registry)}
    studio.add(sim_recipe("c34-a", tokens=150, tokens_per_second=2, **log))
    studio.add(sim_recipe("c34-b", tokens=3, **log))
    head = studio.head
    stream = studio.stream("c34-a")
    stream.wait_for_text()
    answers: list[httpx.Response] = []
    other = threading.Thread(target=lambda: answers.append(studio.chat("c34-b")))
    other.start()
    studio.wait_for_fact("switch-draining-started", after=head)
    turn_knobs(studio.engines()["c34-a"]["port"], tokens_per_second=50)
    started_while_streaming = False
    while not stream.saw_done and not stream.error:
        started_while_streaming |= "start c34-b" in registry.read_text()
        threading.Event().wait(0.05)
    stream.finish()
    other.join(60)
    assert stream.error is None
    assert stream.text == words(150)
    assert stream.saw_done
    assert not started_while_streaming
    assert answers[0].status_code == 200


async def test_c35_alternating_requests_never_have_two_models_resident(
    studio: StudioServer, registry: Path
) -> None:
    """A, B, A, B …: all answered, one at a time in memory."""
    for name in ("c35-a", "c35-b"):
        studio.add(sim_recipe(name, tokens=3, registry=str(registry)))

    async def ask(client: httpx.AsyncClient, n: int) -> int:
        body = {"model": f"c35-{'ab'[n % 2]}", "messages": [{"role": "user", "content": "Hi"}]}
        return (await client.post(f"{studio.v1}/chat/completions", json=body)).status_code

    async with httpx.AsyncClient(timeout=180) as client:
        statuses = await asyncio.gather(*(ask(client, n) for n in range(8)))
    assert statuses == [200] * 8
    assert max(map(len, residents(registry))) == 1


async def test_c36_waiting_requests_are_collated(studio: StudioServer, registry: Path) -> None:
    """A1 B1 C1 A2 B2 C2 all waiting: all are served with at most three loads."""
    for letter in "abc":
        studio.add(sim_recipe(f"c36-{letter}", load_seconds=0.5, registry=str(registry)))

    async def ask(client: httpx.AsyncClient, letter: str) -> int:
        body = {"model": f"c36-{letter}", "messages": [{"role": "user", "content": "Hi"}]}
        return (await client.post(f"{studio.v1}/chat/completions", json=body)).status_code

    async with httpx.AsyncClient(timeout=180) as client:
        statuses = await asyncio.gather(*(ask(client, letter) for letter in "abcabc"))
    assert statuses == [200] * 6
    starts = [line for line in registry.read_text().splitlines() if line.startswith("start")]
    assert len(starts) <= 3, starts


def test_c40_a_request_for_a_stopping_model_is_served_by_its_next_life(
    studio: StudioServer, registry: Path
) -> None:
    """It waits for the stop, starts anew and answers; never a 502, never two."""
    studio.add(sim_recipe("c40-a", tokens=3, stop_seconds=1.5, registry=str(registry)))
    first = studio.load("c40-a")["pid"]
    studio.post("/api/evict", {"target": "c40-a", "wait": False})
    studio.wait_for_fact("engine-stop-requested", recipe_id="c40-a", within=30)
    answer = studio.chat("c40-a")
    assert answer.status_code == 200, answer.text
    assert studio.engines()["c40-a"]["pid"] != first
    assert max(map(len, residents(registry))) == 1


def test_c47_every_kind_of_request_counts_as_running(studio: StudioServer) -> None:
    """Completions and embeddings hold off an eviction as chats do."""
    studio.add(sim_recipe("c47-a", first_token_seconds=1.0, tokens=4))
    studio.add(sim_recipe("c47-b"))
    port = studio.load("c47-a")["port"]
    turn_knobs(port, first_token_seconds=1.5)
    answers: list[httpx.Response] = []
    body = {"model": "c47-a", "prompt": "Once", "max_tokens": 4}

    def complete() -> None:
        answers.append(httpx.post(f"{studio.v1}/completions", json=body, timeout=60))

    asking = threading.Thread(target=complete)
    asking.start()
    eventually(lambda: answers_seen_by(port), within=30, what="the engine has it")
    studio.post("/api/switch", {"target": "c47-b", "wait": True})
    asking.join(60)
    assert answers[0].status_code == 200, answers[0].text
    assert answers[0].json()["choices"][0]["text"].startswith("tok0")
