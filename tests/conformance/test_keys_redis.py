"""Limits of keys with a Redis that is killed and a studio that crashes."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conformance.test_keys import ask
from tests.harness import no_gateway
from tests.harness.days import within_a_day
from tests.harness.redis import RedisServer
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

LIMITS = {"requests_per_minute": 9, "budget_day": 1000.0}
PRICE = {"input_per_million": 1_000_000.0, "output_per_million": 1_000_000.0}


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of this test alone."""
    server = RedisServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def locked(home: Path, redis: RedisServer) -> Iterator[StudioServer]:
    """A studio that shares its counters in that Redis; it needs no gateway."""
    no_gateway.install(home)
    studio = StudioServer(home, {"REDIS_URL": redis.url, "VLLM_STUDIO_LANE": "direct"})
    studio.start()
    yield studio
    studio.close()


def left(answer: httpx.Response) -> int:
    """How many requests the key may make after this one."""
    assert answer.status_code == 200, answer.text
    return int(answer.headers["x-ratelimit-remaining-requests"])


@pytest.mark.timeout(180)
def test_limits_hold_through_a_killed_redis_and_a_killed_studio(
    locked: StudioServer, redis: RedisServer
) -> None:
    """No request fails, nothing that was counted is lost, and the alarm is there to be seen."""
    within_a_day(180)
    studio = locked
    recipe = sim_recipe("shared-a", tokens=2, recipe={"price": PRICE, "lane": "direct"})
    studio.add(recipe)
    studio.load("shared-a")
    secret = studio.post("/api/keys", {"name": "shared", "limits": LIMITS})["secret"]
    assert [left(ask(studio, "shared-a", secret)) for _ in range(3)] == [8, 7, 6]
    redis.kill()
    assert left(ask(studio, "shared-a", secret)) == 5
    alarm = eventually(lambda: studio.status()["alarm"], within=60, what="an alarm")
    assert "Redis does not answer" in alarm
    assert left(ask(studio, "shared-a", secret)) == 4
    redis.start()
    eventually(lambda: studio.status()["alarm"] is None, within=60, what="the alarm is over")
    assert left(ask(studio, "shared-a", secret)) == 3
    spent = eventually(
        lambda: studio.get("/api/keys/shared")["used"]["spent_day"] or None,
        within=30,
        what="money is counted",
    )
    studio.kill()
    studio.start()
    used = eventually(
        lambda: (now := studio.get("/api/keys/shared")["used"])["requests"] >= 6 and now,
        within=30,
        what="what the last run counted is found again",
    )
    assert used["spent_day"] >= spent
    answers = [ask(studio, "shared-a", secret) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
