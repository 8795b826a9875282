"""Restart, configuration, and leaving: C74, C77, C80, C81."""

import threading
import time
import tomllib

import httpx
import pytest

from tests.harness.processes import is_alive, lingering, mentioning
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually


def test_c74_an_engine_survives_the_death_of_the_app_and_is_taken_over(
    own_studio: StudioServer,
) -> None:
    """kill -9 and a new start: the same pid, requests are served, nobody is left behind."""
    own_studio.add(sim_recipe("c74-a", tokens=2))
    assert own_studio.chat("c74-a").status_code == 200
    pid = own_studio.engines()["c74-a"]["pid"]
    head = own_studio.head
    own_studio.kill()
    assert is_alive(pid)
    own_studio.start()
    own_studio.wait_for_gateway()
    engine = own_studio.engines()["c74-a"]
    assert (engine["pid"], engine["adopted"]) == (pid, True)
    assert own_studio.chat("c74-a").status_code == 200
    assert own_studio.happened("app-crash-detected", after=head)
    assert own_studio.happened("engine-adopted", after=head, pid=pid)
    assert own_studio.happened("engine-start-requested", after=head) == []
    own_studio.ask_to_quit()
    assert own_studio.wait() == 0
    assert not is_alive(pid)
    assert lingering(lambda: mentioning(str(own_studio.home))) == []


def test_c77_a_wrong_recipe_or_setting_is_refused_with_its_field_and_changes_nothing(
    studio: StudioServer,
) -> None:
    """The refusal names the field and the nearest known one; what is saved stays as it was."""
    studio.add(sim_recipe("c77-a"))
    before, head = studio.get("/api/recipes/c77-a"), studio.head
    wrong = {**before["recipe"], "contxt_length": 4096}
    answer = studio.http.put("/api/recipes/c77-a", json=wrong, headers=studio.owner())
    assert answer.status_code == 400
    assert "contxt_length" in answer.text
    assert "context_length" in answer.text
    broken = {**before["recipe"], "memory_fraction": 7}
    answer = studio.http.put("/api/recipes/c77-a", json=broken, headers=studio.owner())
    assert answer.status_code == 400
    assert answer.json()["field"] == "memory_fraction"
    text = 'id = "c77-b"\nengine = "vllm"\nmodel = \n'
    answer = studio.http.post(
        "/api/recipes/import", json={"format": "toml", "text": text}, headers=studio.owner()
    )
    assert answer.status_code == 400
    assert "line 3" in answer.json()["detail"]
    assert studio.get("/api/recipes/c77-a") == before
    assert studio.head == head


def test_c77_an_export_reads_back_as_it_was_written(studio: StudioServer) -> None:
    """Export and import are each other's inverse."""
    studio.add(sim_recipe("c77-x", recipe={"context_length": 2048, "notes": "Grüße"}))
    answer = studio.http.get("/api/recipes/export?format=toml", headers=studio.owner())
    assert answer.status_code == 200
    exported = tomllib.loads(answer.text)
    assert "c77-x" in str(exported)
    assert "Grüße" in answer.text


def test_c80_quitting_closes_every_stream_of_events_at_once(quick_studio: StudioServer) -> None:
    """Who follows events or logs is let go within a second or so, not left hanging."""
    ended: list[float] = []

    def follow(path: str) -> None:
        with httpx.stream("GET", quick_studio.url + path, timeout=60) as answer:
            connected.release()
            for _ in answer.iter_bytes():
                pass
        ended.append(time.monotonic())

    connected = threading.Semaphore(0)
    paths = ("/api/events", "/api/events?after=0", "/api/logs/app/stream")
    followers = [threading.Thread(target=follow, args=(path,)) for path in paths]
    for follower in followers:
        follower.start()
    for _ in followers:
        assert connected.acquire(timeout=10)
    asked = time.monotonic()
    quick_studio.post("/api/quit")
    for follower in followers:
        follower.join(15)
    assert len(ended) == len(paths)
    assert max(ended) - asked < 10, "a second is promised; the machine may be busy"
    assert quick_studio.wait() == 0


def test_c81_the_state_at_the_newest_position_is_what_the_app_shows(studio: StudioServer) -> None:
    """Folding the log from zero gives the recipes and settings that are there now."""
    studio.add(sim_recipe("c81-a"))
    studio.post("/api/recipes/c81-a/clone", {"id": "c81-b"})
    now = {saved["recipe"]["id"] for saved in studio.get("/api/recipes")["recipes"]}
    then = studio.get("/api/state", at=studio.head)
    assert {saved["recipe"]["id"] for saved in then["recipes"]} == now
    (cloned,) = studio.happened("recipe-cloned", recipe_id="c81-b")
    earlier = studio.get("/api/state", at=cloned["position"] - 1)
    assert "c81-b" not in {saved["recipe"]["id"] for saved in earlier["recipes"]}


def test_a_second_app_in_the_same_home_gives_way(own_studio: StudioServer) -> None:
    """One log has one writer: a second start says who is there and ends."""
    second = StudioServer(own_studio.home)
    try:
        with pytest.raises(AssertionError, match=r"already|running"):
            second.start(within=30)
    finally:
        second.close()
    assert own_studio.status()
    eventually(
        lambda: own_studio.status()["gateway"]["state"] == "ready", within=30, what="the gateway"
    )
