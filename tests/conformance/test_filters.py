"""What the engine sees of a request, and the client of an answer: C61–C64, C66."""

import json

import httpx

from tests.conformance.conftest import both_lanes
from tests.harness.sim import answers_seen_by, seen_by, sim_recipe, turn_knobs
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests


@both_lanes
def test_c61_an_upload_is_routed_by_its_field_and_its_file_arrives_whole(
    studio: StudioServer,
) -> None:
    """By an alias: the model is renamed on the way, the file keeps every byte."""
    model = studio.named("c61-a")
    alias = studio.named("whisper-1")
    studio.add(sim_recipe(model, recipe={"aliases": [alias]}))
    file = bytes(range(256)) * 200
    answer = httpx.post(
        f"{studio.v1}/audio/transcriptions",
        data={"model": alias, "language": "de"},
        files={"file": ("speech.wav", file, "audio/wav")},
        headers=studio.wishes,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    assert "bytes were heard" in answer.json()["text"]
    (received,) = answers_seen_by(studio.engines()[model]["port"])
    form = received["body"].encode("latin-1")
    assert file in form
    assert model.encode() in form
    assert alias.encode() not in form
    assert int(received["headers"]["content-length"]) == len(form)
    (booked,) = wait_for_requests(studio.home, alias, 1)
    assert (booked.recipe_id, booked.outcome) == (model, "ok")


@both_lanes
def test_c62_parameters_are_stripped_and_set_and_the_model_is_renamed(
    studio: StudioServer, lane: str
) -> None:
    """The rest of the body means the same: unknown fields, big numbers, unicode.

    LiteLLM gives the answer the public name; on the direct lane it is the engine's, unaltered.
    """
    model = studio.named("c62-f")
    filters = {
        "strip_params": ["temperature"],
        "set_params": {"top_k": 20},
        "use_model_name": "the-real-name",
    }
    studio.add(sim_recipe(model, tokens=2, served_model_name="the-real-name", recipe=filters))
    answer = studio.chat(
        model, "Grüße, 世界 🌍", temperature=0.3, top_k=5, seed=9007199254740993, min_p=0.1
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == (model if lane == "gateway" else "the-real-name")
    (received,) = answers_seen_by(studio.engines()[model]["port"])
    body = received["body"]
    assert body["model"] == "the-real-name"
    assert "temperature" not in body
    assert body["top_k"] == 20
    assert body["seed"] == 9007199254740993
    assert body["min_p"] == 0.1
    assert body["messages"][0]["content"] == "Grüße, 世界 🌍"


@both_lanes
def test_c62_a_changed_filter_holds_from_the_next_request_without_a_restart(
    studio: StudioServer,
) -> None:
    """It is about requests, not about the engine."""
    model = studio.named("c62-g")
    studio.add(sim_recipe(model, tokens=2))
    assert studio.chat(model, temperature=0.3).status_code == 200
    engine = studio.engines()[model]
    recipe = studio.get(f"/api/recipes/{model}")["recipe"] | {"strip_params": ["temperature"]}
    saved = studio.http.put(f"/api/recipes/{model}", json=recipe, headers=studio.owner())
    assert saved.is_success, saved.text
    assert studio.chat(model, temperature=0.3).status_code == 200
    assert studio.engines()[model]["pid"] == engine["pid"]
    first, second = answers_seen_by(engine["port"])
    assert first["body"]["temperature"] == 0.3
    assert "temperature" not in second["body"]


@both_lanes
def test_c63_an_answer_that_the_engine_compresses_is_valid_and_counted(
    studio: StudioServer,
) -> None:
    """For a client that takes gzip and for one that does not."""
    model = studio.named("c63-a")
    studio.add(sim_recipe(model, tokens=5, gzip=True))
    for encoding in ("gzip", "identity"):
        answer = httpx.post(
            f"{studio.v1}/chat/completions",
            json={"model": model, "messages": [{"role": "user", "content": "x"}]},
            headers={"accept-encoding": encoding, **studio.wishes},
            timeout=60,
        )
        assert answer.status_code == 200
        assert answer.json()["usage"]["completion_tokens"] == 5
    booked = wait_for_requests(studio.home, model, 2)
    assert [one.completion_tokens for one in booked] == [5, 5]


@both_lanes
def test_c64_a_query_and_odd_names_survive_the_way(studio: StudioServer, lane: str) -> None:
    """A model whose name needs escaping is found, and what stands behind ? harms nobody.

    The direct lane hands it on as it was written; LiteLLM does not.
    """
    model = studio.named("c64-a")
    name = "org/größer v1.5?&#%"
    studio.add(sim_recipe(model, tokens=2, recipe={"aliases": [name]}))
    answer = httpx.post(
        f"{studio.v1}/chat/completions?a=%2Fb%20c&d=%C3%BC",
        json={"model": name, "messages": [{"role": "user", "content": "x"}]},
        headers=studio.wishes,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    (received,) = answers_seen_by(studio.engines()[model]["port"])
    assert received["query"] == ("a=%2Fb%20c&d=%C3%BC" if lane == "direct" else "")
    escaped = "org%2Fgr%C3%B6%C3%9Fer%20v1.5%3F%26%23%25"
    shown = httpx.get(f"{studio.v1}/models/{escaped}")
    assert shown.status_code == 200, shown.text
    assert shown.json()["id"] == model
    assert httpx.post(f"{studio.v1}/chat%2Fcompletions", json={}).status_code == 404


@both_lanes
def test_c66_the_engines_own_errors_pass_with_status_and_words(studio: StudioServer) -> None:
    """4xx and 5xx, streamed or not; the book says that they failed."""
    model = studio.named("c66-b")
    studio.add(sim_recipe(model))
    port = studio.load(model)["port"]
    for status in (400, 404, 422, 500, 503):
        turn_knobs(port, fail_status=status)
        for stream in (False, True):
            answer = studio.chat(model, stream=stream)
            assert answer.status_code == status, (status, answer.status_code, answer.text)
            assert "asked to fail" in json.dumps(answer.json())
    booked = wait_for_requests(studio.home, model, 10)
    assert {one.outcome for one in booked} == {"error"}
    told = sorted(one.status for one in booked)  # what waits for its counts may be overtaken
    assert told == [s for s in (400, 404, 422, 500, 503) for _ in (0, 1)]
    asked = [one for one in seen_by(port) if one["path"] == "/v1/chat/completions"]
    assert len(asked) == 10, "none is tried again behind the client's back"
