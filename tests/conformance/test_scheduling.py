"""Who is served when: C32, C38, C39, C42, C45, and a TTL of a request's own."""

import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.conformance.test_limits_and_rest import change_settings
from tests.harness.sim import sim_recipe, turn_knobs
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually


@pytest.fixture
def registry(studio: StudioServer) -> Path:
    """Where the sim engines write that they start, are ready and stop."""
    path = studio.home / "registry"
    path.write_text("")
    return path


def starts(registry: Path) -> list[str]:
    """Who was started, in order."""
    lines = registry.read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith("start")]


def in_background(
    studio: StudioServer, model: str, answers: list[httpx.Response]
) -> threading.Thread:
    """Ask, and note the answer when it comes."""
    asking = threading.Thread(target=lambda: answers.append(studio.chat(model)))
    asking.start()
    return asking


def until_waiting(studio: StudioServer, model: str) -> None:
    """Until a request waits for it."""
    eventually(
        lambda: any(w["recipe_id"] == model for w in studio.status()["waiting"]),
        within=60,
        what=f"a request waits for {model}",
    )


def test_c32_what_is_to_be_preloaded_is_ready_without_a_request(quick_studio: StudioServer) -> None:
    """Also after a restart, with nobody asking for it."""
    quick_studio.add(sim_recipe("c32-a", recipe={"preload": True}))
    quick_studio.ask_to_quit()
    quick_studio.wait()
    quick_studio.start()
    quick_studio.wait_for_state("c32-a", "ready", within=60)
    (asked,) = quick_studio.happened("switch-requested", target="c32-a")
    assert asked["actor"] == "system"


def test_c38_models_in_turn_stay_for_the_minimum_residence(
    studio: StudioServer, registry: Path
) -> None:
    """Two models asked for in turn without pause: at most one change for each residence."""
    residence, seconds = 2.0, 9.0
    change_settings(studio, min_residence_s=residence)
    try:
        for name in ("c38-a", "c38-b"):
            studio.add(sim_recipe(name, tokens=2, registry=str(registry)))
        answers: list[httpx.Response] = []
        asking: list[threading.Thread] = []
        until = time.monotonic() + seconds
        began = time.monotonic()
        while time.monotonic() < until:
            asking.append(in_background(studio, f"c38-{'ab'[len(asking) % 2]}", answers))
            threading.Event().wait(0.1)
        for one in asking:
            one.join(60)
        took = time.monotonic() - began
        assert [a.status_code for a in answers] == [200] * len(asking)
        assert len(starts(registry)) <= took / residence + 2, "the first loads of both are free"
    finally:
        change_settings(studio, min_residence_s=5.0)


def test_c39_a_request_in_the_gap_of_a_drain_is_served_after_it(
    studio: StudioServer, registry: Path
) -> None:
    """A drains for B and is asked for again: it neither saves A nor strands B, all are answered."""
    studio.add(sim_recipe("c39-a", tokens=60, tokens_per_second=2, registry=str(registry)))
    studio.add(sim_recipe("c39-b", tokens=3, registry=str(registry)))
    running = studio.stream("c39-a")
    running.wait_for_text()
    answers: list[httpx.Response] = []
    other = in_background(studio, "c39-b", answers)
    eventually(lambda: studio.status()["switches"], within=60, what="A drains")
    late = in_background(studio, "c39-a", answers)
    turn_knobs(studio.engines()["c39-a"]["port"], tokens_per_second=40)
    running.finish()
    other.join(60)
    late.join(60)
    assert running.text == words(60)
    assert [a.status_code for a in answers] == [200, 200]
    order = starts(registry)
    assert order in (["c39-a", "c39-b"], ["c39-a", "c39-b", "c39-a"]), "served before, or after"


def test_c42_recipes_on_different_gpus_load_side_by_side(
    studio: StudioServer, registry: Path
) -> None:
    """Both are asked for at once: neither load goes on before both have begun."""
    go_on = studio.home / "c42-go-on"
    change_settings(studio, max_resident=0)
    try:
        for index, name in enumerate(("c42-a", "c42-b")):
            studio.add(
                sim_recipe(
                    name, load_until=go_on, registry=str(registry), recipe={"devices": [index]}
                )
            )
        answers: list[httpx.Response] = []
        both = [in_background(studio, name, answers) for name in ("c42-a", "c42-b")]
        eventually(lambda: len(starts(registry)) == 2, within=50, what="both loads")
        go_on.touch()
        for one in both:
            one.join(60)
        assert [a.status_code for a in answers] == [200, 200]
        order = [line.split()[0] for line in registry.read_text().splitlines()]
        assert order == ["start", "start", "ready", "ready"]
        assert sorted(studio.engines()) == ["c42-a", "c42-b"]
    finally:
        change_settings(studio, max_resident=1)


def test_c45_the_more_urgent_model_comes_first_and_the_other_after_it(
    studio: StudioServer, registry: Path
) -> None:
    """C was asked for after B and is served before; B is served all the same."""
    studio.add(sim_recipe("c45-a", tokens=80, tokens_per_second=40, registry=str(registry)))
    studio.add(sim_recipe("c45-b", tokens=3, registry=str(registry)))
    go_on = studio.home / "c45-go-on"
    studio.add(sim_recipe("c45-x", load_until=go_on, tokens=3, registry=str(registry)))
    studio.add(sim_recipe("c45-c", tokens=3, registry=str(registry), recipe={"priority": 10}))
    studio.load("c45-a")
    answers: list[httpx.Response] = []
    asking = [in_background(studio, "c45-x", answers)]  # its load is what the others wait behind
    studio.wait_for_state("c45-x", "loading", within=30)
    for name in ("c45-b", "c45-c"):
        asking.append(in_background(studio, name, answers))
        until_waiting(studio, name)
    go_on.touch()
    for one in asking:
        one.join(90)
    assert [a.status_code for a in answers] == [200] * 3
    assert starts(registry) == ["c45-a", "c45-x", "c45-c", "c45-b"]


def test_a_request_may_set_how_long_its_model_stays(studio: StudioServer) -> None:
    """Its own TTL counts instead of the recipe's; what is no number is refused before a load."""
    studio.add(sim_recipe("ttl-a", tokens=2))

    def ask(ttl: str) -> httpx.Response:
        body = {"model": "ttl-a", "messages": [{"role": "user", "content": "Hi"}]}
        headers = {"x-studio-ttl": ttl}
        return httpx.post(f"{studio.v1}/chat/completions", json=body, headers=headers, timeout=60)

    refused = ask("a while")
    assert refused.status_code == 400, refused.text
    assert "x-studio-ttl" in refused.json()["error"]["message"]
    assert studio.engines() == {}
    assert ask("2").status_code == 200
    stop = studio.wait_for_fact("engine-stop-requested", recipe_id="ttl-a")
    assert "TTL" in stop["data"]["reason"]
    eventually(lambda: "ttl-a" not in studio.engines(), within=30, what="it is unloaded")


def test_a_load_that_a_person_replaces_is_made_up_for(studio: StudioServer) -> None:
    """The request whose load gave way waits on, and is answered after what the person wanted."""
    go_on = studio.home / "way-go-on"
    studio.add(sim_recipe("way-a", load_until=go_on, tokens=2))
    studio.add(sim_recipe("way-b", tokens=2))
    answers: list[httpx.Response] = []
    asking = in_background(studio, "way-a", answers)
    studio.wait_for_state("way-a", "loading", within=30)
    studio.load("way-b")
    assert list(studio.engines()) == ["way-b"]
    assert answers == []
    go_on.touch()
    asking.join(60)
    assert answers[0].status_code == 200, answers[0].text
    assert list(studio.engines()) == ["way-a"]
