"""Limits and rest: C12, C24, C30, C43, C44, C48."""

import time

import httpx

from tests.conformance.test_loading import ask_many
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually


def change_settings(studio: StudioServer, **changes: object) -> None:
    """As the owner would, in the terminal."""
    answer = httpx.patch(
        f"{studio.url}/api/settings", json=changes, headers=studio.owner(), timeout=10
    )
    assert answer.is_success, answer.text


def test_c12_the_model_default_is_the_recipe_that_the_settings_name(studio: StudioServer) -> None:
    """On every request, not only the first; without a default it is an unknown model."""
    studio.add(sim_recipe("c12-a", tokens=3))
    assert studio.chat("default").status_code == 404
    change_settings(studio, default_recipe="c12-a")
    try:
        for _ in range(2):
            answer = studio.chat("default")
            assert answer.status_code == 200, answer.text
            assert answer.json()["model"] == "c12-a"
    finally:
        change_settings(studio, default_recipe=None)


async def test_c24_one_request_too_many_is_refused_before_any_byte(studio: StudioServer) -> None:
    """429 with Retry-After and a JSON body, also for a stream."""
    studio.add(sim_recipe("c24-a", tokens=5000, tokens_per_second=50, recipe={"concurrency": 1}))
    stream = studio.stream("c24-a")
    stream.wait_for_text()
    refused = (await ask_many(studio, "c24-a", 1))[0]
    assert refused.status_code == 429, refused.text
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["message"]
    stream.leave()


def test_c30_a_recipe_that_fails_again_and_again_is_left_alone(studio: StudioServer) -> None:
    """After three failures in a row the fourth request is refused at once, without a launch."""
    studio.add(sim_recipe("c30-a", crash_while_loading=3))
    for _ in range(3):
        assert studio.chat("c30-a").status_code == 502
    head = studio.head
    refused = studio.chat("c30-a")
    assert refused.status_code == 503, refused.text
    assert int(refused.headers["retry-after"]) >= 1
    assert "3 times in a row" in refused.json()["error"]["message"]
    assert studio.happened("engine-start-requested", after=head, recipe_id="c30-a") == []


def test_c43_a_pinned_model_keeps_its_process_while_others_switch(studio: StudioServer) -> None:
    """Room for two, one of them pinned: the other place changes hands."""
    change_settings(studio, max_resident=2)
    try:
        studio.add(sim_recipe("c43-p", recipe={"pinned": True}))
        studio.add(sim_recipe("c43-a", tokens=3))
        studio.add(sim_recipe("c43-b", tokens=3))
        pid = studio.load("c43-p")["pid"]
        for name in ("c43-a", "c43-b", "c43-a"):
            assert studio.chat(name).status_code == 200
        engines = studio.engines()
        assert engines["c43-p"]["pid"] == pid
        assert sorted(engines) == ["c43-a", "c43-p"]
    finally:
        change_settings(studio, max_resident=1)


def test_c44_when_every_place_is_pinned_the_refusal_is_immediate(studio: StudioServer) -> None:
    """409 with the names of the pinned; nothing starts and nothing stops."""
    studio.add(sim_recipe("c44-p", recipe={"pinned": True}))
    studio.add(sim_recipe("c44-b"))
    studio.load("c44-p")
    began = time.monotonic()
    refused = studio.chat("c44-b")
    assert time.monotonic() - began < 60  # and not when a load would be over, or given up
    assert refused.status_code == 409, refused.text
    assert "c44-p" in refused.json()["error"]["message"]
    assert list(studio.engines()) == ["c44-p"]


def test_c48_an_idle_model_is_unloaded_after_its_ttl(studio: StudioServer) -> None:
    """Counted from the end of the last request, and told as such."""
    studio.add(sim_recipe("c48-a", tokens=3, recipe={"ttl_s": 2.0}))
    assert studio.chat("c48-a").status_code == 200
    stopped = studio.wait_for_fact("engine-stop-requested", recipe_id="c48-a")
    assert "TTL" in stopped["data"]["reason"]
    (last,) = wait_for_requests(studio.home, "c48-a", 1)
    (booked,) = studio.get("/api/requests", request_id=last.request_id)["requests"]
    assert stopped["recorded_at"] - booked["finished_at"] > 1_900_000, "not before it is over"
    eventually(lambda: "c48-a" not in studio.engines(), within=30, what="it is unloaded")
