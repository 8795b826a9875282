"""Listing, routing and errors: C01–C10."""

from datetime import timedelta

import httpx

from tests.harness.sim import answers_seen_by, seen_by, sim_recipe
from tests.harness.studio import StudioServer


def test_c01_models_are_listed_once_sorted_and_nothing_starts(studio: StudioServer) -> None:
    """`GET /v1/models` shows listed recipes in OpenAI's shape and starts no engine."""
    studio.add(sim_recipe("c01-b"))
    studio.add(sim_recipe("c01-a", recipe={"aliases": ["c01-alias"]}))
    studio.add(sim_recipe("c01-c", recipe={"unlisted": True}))
    answer = httpx.get(f"{studio.v1}/models").json()
    assert answer["object"] == "list"
    ids = [model["id"] for model in answer["data"]]
    assert [one for one in ids if one in {"c01-a", "c01-b", "c01-c"}] == ["c01-a", "c01-b"]
    assert ids == sorted(ids)
    for model in answer["data"]:
        assert model["object"] == "model"
        assert isinstance(model["created"], int)
        assert isinstance(model["owned_by"], str)
    assert studio.engines() == {}


def test_c02_an_unlisted_recipe_is_served_when_named(studio: StudioServer) -> None:
    """Unlisted means absent from the list, not from service."""
    studio.add(sim_recipe("c02-c", tokens=3, recipe={"unlisted": True}))
    answer = studio.chat("c02-c")
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "tok0 tok1 tok2"


def test_c03_the_list_says_what_is_loaded_and_strict_clients_still_parse_it(
    studio: StudioServer,
) -> None:
    """A ready model is "loaded", a stopped one "unloaded", in a field of its own."""
    studio.add(sim_recipe("c03-a"))
    studio.add(sim_recipe("c03-b"))
    studio.load("c03-a")
    listed = {model["id"]: model for model in httpx.get(f"{studio.v1}/models").json()["data"]}
    assert listed["c03-a"]["status"] == "loaded"
    assert listed["c03-b"]["status"] == "unloaded"
    with studio.openai() as client:
        assert {"c03-a", "c03-b"} <= {model.id for model in client.models.list()}


def test_c04_an_alias_reaches_its_recipe_and_starts_no_second_engine(studio: StudioServer) -> None:
    """Every name of a recipe is the same engine, and the answer carries the recipe's name."""
    studio.add(sim_recipe("c04-a", tokens=2, recipe={"aliases": ["gpt-4o-mini"]}))
    first = studio.chat("c04-a").json()
    pid = studio.engines()["c04-a"]["pid"]
    second = studio.chat("gpt-4o-mini")
    assert second.status_code == 200, second.text
    assert second.json()["model"] == first["model"] == "c04-a"
    assert {name: engine["pid"] for name, engine in studio.engines().items()} == {"c04-a": pid}


def test_c05_an_unknown_model_is_404_and_changes_nothing(studio: StudioServer) -> None:
    """The error names the model, has a type and a code, and what runs goes on running."""
    studio.add(sim_recipe("c05-a"))
    before, head = studio.load("c05-a"), studio.head
    answer = studio.chat("no-such-model")
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert "no-such-model" in error["message"]
    assert error["code"] == "model_not_found"
    assert error["type"]
    assert studio.engines()["c05-a"]["pid"] == before["pid"]
    assert studio.happened("switch-requested", after=head) == []


def test_c07_health_answers_at_once_even_while_a_model_loads(studio: StudioServer) -> None:
    """`GET /health` is the pulse: no key, no waiting for anything."""
    studio.add(sim_recipe("c07-a", load_seconds=3))
    studio.post("/api/switch", {"target": "c07-a"})
    studio.wait_for_state("c07-a", "loading")
    with httpx.Client(base_url=studio.url) as client:
        client.get("/health")  # the connection is there
        answers = [client.get("/health") for _ in range(20)]
    assert [answer.status_code for answer in answers] == [200] * 20
    quickest = min(
        answer.elapsed for answer in answers
    )  # what the machine is busy with is not ours
    assert quickest < timedelta(milliseconds=50), quickest
    studio.wait_for_state("c07-a", "ready")


def test_c09_an_unknown_path_is_404_json_and_reaches_no_engine(studio: StudioServer) -> None:
    """Nothing is passed on that we do not know."""
    studio.add(sim_recipe("c09-a"))
    port = studio.load("c09-a")["port"]
    for path in ("/v1/no-such-thing", "/api/no-such-thing"):
        for method in ("GET", "POST"):
            answer = httpx.request(method, studio.url + path, json={"model": "c09-a"})
            assert answer.status_code == 404, (method, path, answer.status_code)
            assert "json" in answer.headers["content-type"]
    assert [one["path"] for one in seen_by(port) if "no-such" in one["path"]] == []


def test_c10_admin_paths_of_the_engine_are_not_reachable_through_us(studio: StudioServer) -> None:
    """No client puts an engine to sleep or loads adapters into it by going through the endpoint."""
    studio.add(sim_recipe("c10-a"))
    port = studio.load("c10-a")["port"]
    admin = ("sleep", "wake_up", "collective_rpc", "reset_prefix_cache", "load_lora_adapter")
    for name in admin:
        for path in (f"/{name}", f"/v1/{name}", f"/v1/../{name}", f"/v1/%2e%2e/{name}"):
            answer = httpx.post(studio.url + path, json={"model": "c10-a"})
            assert answer.status_code in {403, 404, 405}, (path, answer.status_code)
    assert answers_seen_by(port) == []
