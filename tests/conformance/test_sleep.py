"""Sleep instead of a stop, and a waking that is believed only when it is proven: C68–C73."""

from typing import Any

import pytest

from tests.conformance.test_limits_and_rest import change_settings
from tests.harness.sim import seen_by, sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

MIB = 200  # what a sim engine holds, and gives back when it sleeps


def sleepy(name: str, level: str = "2", **knobs: Any) -> dict[str, Any]:
    """A recipe that sleeps when another model needs its place."""
    recipe = {"sleep": level, **knobs.pop("recipe", {})}
    return sim_recipe(name, memory_mib=MIB, tokens=4, recipe=recipe, **knobs)


def told(port: int) -> list[str]:
    """What was asked of the engine besides looks at its health, in order."""
    return [
        one["path"] + (f"?{one['query']}" if one["query"] else "")
        for one in seen_by(port)
        if one["method"] == "POST"
    ]


@pytest.fixture(autouse=True)
def _without_residence(studio: StudioServer) -> Any:
    """Models take turns here on purpose, and nobody has to wait for it."""
    change_settings(studio, min_residence_s=0.0)
    yield
    change_settings(studio, min_residence_s=5.0)


def put_to_sleep(studio: StudioServer, recipe: dict[str, Any], other: str) -> dict[str, Any]:
    """Load it, then another one; its engine."""
    studio.add(recipe)
    studio.add(sim_recipe(other, tokens=4, memory_mib=MIB))
    engine = studio.load(str(recipe["id"]))
    studio.load(other)
    return engine


def test_c68_an_eviction_puts_to_sleep_at_the_recipes_level(studio: StudioServer) -> None:
    """The level is in the query; nothing was in flight."""
    engine = put_to_sleep(studio, sleepy("c68-a"), "c68-b")
    asleep = studio.engines()["c68-a"]
    assert (asleep["state"], asleep["sleep_level"], asleep["pid"]) == ("asleep", 2, engine["pid"])
    posts = told(engine["port"])
    assert "/sleep?level=2" in posts
    slept = next(r for r in seen_by(engine["port"]) if r["path"] == "/sleep")
    chats = [r for r in seen_by(engine["port"]) if r["path"] == "/v1/chat/completions"]
    assert all(chat["finished_at"] <= slept["received_at"] for chat in chats)


def test_c69_a_sleeper_wakes_step_by_step_before_anybody_is_served(studio: StudioServer) -> None:
    """Wake, weights, cache, probe, and only then the client's request; never gibberish."""
    engine = put_to_sleep(studio, sleepy("c69-a"), "c69-b")
    answer = studio.chat("c69-a")
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == words(4)
    posts = told(engine["port"])
    after = posts[posts.index("/wake_up") :]
    assert after[:3] == ["/wake_up", "/collective_rpc", "/reset_prefix_cache"]
    assert after[3:] == ["/v1/chat/completions"] * 2, "the probe, then the client's"
    assert studio.engines()["c69-a"]["pid"] == engine["pid"]


@pytest.mark.parametrize("knob", ["wake_fails", "reload_does_nothing"])
def test_c70_a_sleeper_that_does_not_wake_in_its_right_mind_is_started_anew(
    studio: StudioServer, knob: str
) -> None:
    """Within the same request, which is answered; the log says what happened."""
    name = f"c70-{knob.replace('_', '-')}"
    knobs: dict[str, Any] = {knob: True}
    engine = put_to_sleep(studio, sleepy(name, **knobs), f"{name}-b")
    head = studio.head
    answer = studio.chat(name)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == words(4)
    assert studio.engines()[name]["pid"] != engine["pid"]
    assert studio.happened("engine-wake-failed", after=head, recipe_id=name)


def test_c71_a_sleep_that_frees_nothing_is_a_stop(studio: StudioServer) -> None:
    """The engine says 200 and keeps its memory: it is gone before the newcomer starts."""
    put_to_sleep(studio, sleepy("c71-a", sleep_frees_nothing=True), "c71-b")
    assert list(studio.engines()) == ["c71-b"]
    assert studio.happened("engine-sleep-failed", recipe_id="c71-a")
    stopped = studio.happened("engine-stopped", recipe_id="c71-a")[0]["position"]
    started = studio.happened("engine-start-requested", recipe_id="c71-b")[0]["position"]
    assert stopped < started


def test_c72_without_main_memory_for_sleepers_level_one_is_not_chosen(
    studio: StudioServer,
) -> None:
    """A recipe that only knows level 1 is stopped when the budget for sleepers is spent."""
    change_settings(studio, sleep_memory_gib=0.01)
    try:
        put_to_sleep(studio, sleepy("c72-a", "1"), "c72-b")
        states = {name: engine["state"] for name, engine in studio.engines().items()}
        assert states == {"c72-b": "ready"}
    finally:
        change_settings(studio, sleep_memory_gib=0.0)


def test_c73_a_sleeper_is_stopped_after_its_ttl(studio: StudioServer) -> None:
    """Nobody woke it."""
    put_to_sleep(studio, sleepy("c73-a", recipe={"sleeper_ttl_s": 2.0}), "c73-b")
    assert studio.happened("engine-fell-asleep", recipe_id="c73-a")
    eventually(lambda: "c73-a" not in studio.engines(), within=30, what="it is stopped")
    assert (
        "slept" in studio.happened("engine-stop-requested", recipe_id="c73-a")[0]["data"]["reason"]
    )


def test_a_person_puts_to_sleep_and_wakes(studio: StudioServer) -> None:
    """By API as by command; what can not sleep says so."""
    studio.add(sleepy("nap-a"))
    studio.add(sim_recipe("nap-b"))
    pid = studio.load("nap-a")["pid"]
    studio.post("/api/sleep", {"target": "nap-a", "wait": True})
    assert studio.engines()["nap-a"]["state"] == "asleep"
    assert studio.load("nap-a")["pid"] == pid
    refused = studio.http.post("/api/sleep", json={"target": "nap-b"}, headers=studio.owner())
    assert refused.status_code == 409
    assert refused.json()["code"] == "can-not-sleep"
