"""kill -9 of every part while an answer runs: what is said, what restarts, what is left behind."""

import os
import signal
from typing import Any

from tests.harness.processes import group_members, is_alive, lingering, mentioning
from tests.harness.sim import sim_recipe
from tests.harness.studio import Stream, StudioServer
from tests.harness.waiting import eventually

SLOW: dict[str, Any] = {"tokens": 3000, "tokens_per_second": 50}


def running_stream(studio: StudioServer, model: str) -> Stream:
    """A long answer that has begun."""
    stream = studio.stream(model)
    stream.wait_for_text()
    return stream


def test_the_engine_dies_and_the_client_hears_it_at_once(studio: StudioServer) -> None:
    """The stream ends with an error, the crash is on the timeline, the next request restarts it."""
    studio.add(sim_recipe("dies-a", **SLOW, fork_grandchild=True))
    stream = running_stream(studio, "dies-a")
    head, pid = studio.head, studio.engines()["dies-a"]["pid"]
    group = os.getpgid(pid)
    os.kill(pid, signal.SIGKILL)
    stream.finish(within=60)
    assert stream.errors or stream.error, "a broken answer must not look complete"
    crash = studio.wait_for_fact("engine-crashed", after=head, recipe_id="dies-a", within=60)
    assert "dies-a" in crash["sentence"]
    eventually(lambda: not group_members(group), within=60, what="its group is gone")
    answer = studio.chat("dies-a", max_tokens=3)
    assert answer.status_code == 200, answer.text
    assert studio.engines()["dies-a"]["pid"] != pid


def test_the_engine_dies_by_itself_inside_an_answer(studio: StudioServer) -> None:
    """The same when it crashes with a message: the message is what people see."""
    studio.add(sim_recipe("crash-a", tokens=100, tokens_per_second=50, die_after_tokens=20))
    stream = studio.stream("crash-a")
    stream.finish(within=60)
    assert stream.errors or stream.error
    crash = studio.wait_for_fact("engine-crashed", recipe_id="crash-a")
    assert crash["data"]["exit_code"] == 1
    assert any("EngineDeadError" in line for line in crash["data"]["lines"])


def test_litellm_dies_and_comes_back_by_itself(studio: StudioServer) -> None:
    """The stream ends with an error; the gateway restarts, knows its routes and serves."""
    studio.add(sim_recipe("gate-a", **SLOW))
    stream = running_stream(studio, "gate-a")
    head, engine = studio.head, studio.engines()["gate-a"]["pid"]
    gateway = studio.status()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    stream.finish(within=60)
    assert stream.errors or stream.error
    crash = studio.wait_for_fact("gateway-crashed", after=head, within=60)
    assert crash["sentence"]
    answer = studio.chat("gate-a", max_tokens=3)  # waits for the gateway; is not refused
    assert answer.status_code == 200, answer.text
    assert studio.status()["gateway"]["pid"] != gateway
    assert studio.engines()["gate-a"]["pid"] == engine, "the engine had no part in it"


def test_the_app_dies_and_its_next_start_finds_everything(own_studio: StudioServer) -> None:
    """The next start says so and takes over the engine; one LiteLLM; quitting leaves nobody."""
    own_studio.add(sim_recipe("app-a", **SLOW))
    stream = running_stream(own_studio, "app-a")
    head, engine = own_studio.head, own_studio.engines()["app-a"]["pid"]
    gateway = own_studio.status()["gateway"]["pid"]
    own_studio.kill()
    stream.finish(within=60)
    assert not stream.saw_done
    own_studio.start()
    own_studio.wait_for_gateway()
    assert own_studio.happened("app-crash-detected", after=head)
    assert own_studio.engines()["app-a"]["pid"] == engine
    now = own_studio.status()["gateway"]["pid"]
    assert now == gateway or not is_alive(gateway), "it is taken over or replaced, never doubled"
    assert own_studio.chat("app-a", max_tokens=3).status_code == 200
    own_studio.ask_to_quit()
    assert own_studio.wait() == 0
    assert lingering(lambda: mentioning(str(own_studio.home))) == []


def test_the_app_dies_while_a_model_loads(quick_studio: StudioServer) -> None:
    """A half-done start is finished or ended by the next boot, never forgotten."""
    quick_studio.add(sim_recipe("half-a", load_seconds=6, tokens=2, recipe={"lane": "direct"}))
    quick_studio.post("/api/switch", {"target": "half-a"})
    quick_studio.wait_for_state("half-a", "loading", within=60)
    quick_studio.kill()
    quick_studio.start()
    answer = quick_studio.chat("half-a")
    assert answer.status_code == 200, answer.text
    running = [line for line in mentioning("half-a") if "sim_engine" in line]
    assert len(running) == 1, running
