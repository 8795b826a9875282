"""What the engine sees of a request, and the client of an answer: C61–C64, C66."""

import json

import httpx

from tests.harness.sim import answers_seen_by, seen_by, sim_recipe, turn_knobs
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests


def test_c61_an_upload_is_routed_by_its_field_and_its_file_arrives_whole(
    studio: StudioServer,
) -> None:
    """By an alias: the model is renamed on the way, the file keeps every byte."""
    studio.add(sim_recipe("c61-a", recipe={"aliases": ["whisper-1"]}))
    file = bytes(range(256)) * 200
    answer = httpx.post(
        f"{studio.v1}/audio/transcriptions",
        data={"model": "whisper-1", "language": "de"},
        files={"file": ("speech.wav", file, "audio/wav")},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    assert "bytes were heard" in answer.json()["text"]
    (received,) = answers_seen_by(studio.engines()["c61-a"]["port"])
    form = received["body"].encode("latin-1")
    assert file in form
    assert b"c61-a" in form
    assert b"whisper-1" not in form
    assert int(received["headers"]["content-length"]) == len(form)
    (booked,) = wait_for_requests(studio.home, "whisper-1", 1)
    assert (booked.recipe_id, booked.outcome) == ("c61-a", "ok")


def test_c62_parameters_are_stripped_and_set_and_the_model_is_renamed(
    studio: StudioServer,
) -> None:
    """The rest of the body means the same: unknown fields, big numbers, unicode."""
    filters = {
        "strip_params": ["temperature"],
        "set_params": {"top_k": 20},
        "use_model_name": "the-real-name",
    }
    studio.add(sim_recipe("c62-f", tokens=2, served_model_name="the-real-name", recipe=filters))
    answer = studio.chat(
        "c62-f", "Grüße, 世界 🌍", temperature=0.3, top_k=5, seed=9007199254740993, min_p=0.1
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == "c62-f"
    (received,) = answers_seen_by(studio.engines()["c62-f"]["port"])
    body = received["body"]
    assert body["model"] == "the-real-name"
    assert "temperature" not in body
    assert body["top_k"] == 20
    assert body["seed"] == 9007199254740993
    assert body["min_p"] == 0.1
    assert body["messages"][0]["content"] == "Grüße, 世界 🌍"


def test_c62_a_changed_filter_holds_from_the_next_request_without_a_restart(
    studio: StudioServer,
) -> None:
    """It is about requests, not about the engine."""
    studio.add(sim_recipe("c62-g", tokens=2))
    assert studio.chat("c62-g", temperature=0.3).status_code == 200
    engine = studio.engines()["c62-g"]
    recipe = studio.get("/api/recipes/c62-g")["recipe"] | {"strip_params": ["temperature"]}
    saved = studio.http.put("/api/recipes/c62-g", json=recipe, headers=studio.owner())
    assert saved.is_success, saved.text
    assert studio.chat("c62-g", temperature=0.3).status_code == 200
    assert studio.engines()["c62-g"]["pid"] == engine["pid"]
    first, second = answers_seen_by(engine["port"])
    assert first["body"]["temperature"] == 0.3
    assert "temperature" not in second["body"]


def test_c63_an_answer_that_the_engine_compresses_is_valid_and_counted(
    studio: StudioServer,
) -> None:
    """For a client that takes gzip and for one that does not."""
    studio.add(sim_recipe("c63-a", tokens=5, gzip=True))
    for encoding in ("gzip", "identity"):
        answer = httpx.post(
            f"{studio.v1}/chat/completions",
            json={"model": "c63-a", "messages": [{"role": "user", "content": "x"}]},
            headers={"accept-encoding": encoding},
            timeout=60,
        )
        assert answer.status_code == 200
        assert answer.json()["usage"]["completion_tokens"] == 5
    booked = wait_for_requests(studio.home, "c63-a", 2)
    assert [one.completion_tokens for one in booked] == [5, 5]


def test_c64_a_query_and_odd_names_survive_the_way(studio: StudioServer) -> None:
    """A model whose name needs escaping is found, and what stands behind ? harms nobody."""
    name = "org/größer v1.5?&#%"
    studio.add(sim_recipe("c64-a", tokens=2, recipe={"aliases": [name]}))
    answer = httpx.post(
        f"{studio.v1}/chat/completions?a=%2Fb%20c&d=%C3%BC",
        json={"model": name, "messages": [{"role": "user", "content": "x"}]},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    escaped = "org%2Fgr%C3%B6%C3%9Fer%20v1.5%3F%26%23%25"
    shown = httpx.get(f"{studio.v1}/models/{escaped}")
    assert shown.status_code == 200, shown.text
    assert shown.json()["id"] == "c64-a"
    assert httpx.post(f"{studio.v1}/chat%2Fcompletions", json={}).status_code == 404


def test_c66_the_engines_own_errors_pass_with_status_and_words(studio: StudioServer) -> None:
    """4xx and 5xx, streamed or not; the book says that they failed."""
    studio.add(sim_recipe("c66-b"))
    port = studio.load("c66-b")["port"]
    for status in (400, 404, 422, 500, 503):
        turn_knobs(port, fail_status=status)
        for stream in (False, True):
            answer = studio.chat("c66-b", stream=stream)
            assert answer.status_code == status, (status, answer.status_code, answer.text)
            assert "asked to fail" in json.dumps(answer.json())
    booked = wait_for_requests(studio.home, "c66-b", 10)
    assert {one.outcome for one in booked} == {"error"}
    assert [one.status for one in booked] == [s for s in (400, 404, 422, 500, 503) for _ in (0, 1)]
    asked = [one for one in seen_by(port) if one["path"] == "/v1/chat/completions"]
    assert len(asked) == 10, "none is tried again behind the client's back"
