"""Answers that are kept for the same question again, shared flights, and captured bodies."""

from tests.conformance.conftest import both_lanes
from tests.conformance.test_limits_and_rest import change_settings
from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests


@both_lanes
def test_the_same_question_is_answered_again_without_the_model(studio: StudioServer) -> None:
    """Also when it is gone; another parameter of the engine's is another question."""
    model = studio.named("cache-a")
    studio.add(sim_recipe(model, tokens=3, recipe={"cache": True, "cache_ttl_s": 600}))
    thinking = {"enable_thinking": True}
    first = studio.chat(model, "What is cached?")
    other = studio.chat(model, "What is cached?", chat_template_kwargs=thinking)
    assert len(answers_seen_by(studio.engines()[model]["port"])) == 2
    studio.evict_all()
    again = studio.chat(model, "What is cached?")
    assert model not in studio.engines()
    assert again.content == first.content
    told = [answer.headers["x-studio-cache"] for answer in (first, other, again)]
    assert told == ["miss", "miss", "hit"]
    booked = wait_for_requests(studio.home, model, 3)
    hit = next(one for one in booked if one.cache)
    own = next(one for one in booked if not one.cache)
    assert (hit.cache, hit.outcome, hit.cost) == ("hit", "ok", 0.0)
    assert (hit.prompt_tokens, hit.completion_tokens) == (own.prompt_tokens, own.completion_tokens)
    assert studio.get("/api/cache")["hits"] >= 1
    assert studio.http.delete("/api/cache").status_code == 403
    cleared = studio.http.delete("/api/cache", headers=studio.owner())
    assert cleared.json()["forgotten"] >= 2
    assert studio.get("/api/cache")["entries"] == 0


@both_lanes
def test_a_streaming_hit_is_the_same_stream_and_its_tokens_are_known(studio: StudioServer) -> None:
    """Though the client asks for no usage; LiteLLM tells it when the first stream is over."""
    model = studio.named("cache-s")
    studio.add(sim_recipe(model, tokens=3, recipe={"cache": True}))
    first = studio.chat(model, "What flows?", stream=True)
    (own,) = wait_for_requests(studio.home, model, 1)
    again = studio.chat(model, "What flows?", stream=True)
    assert again.content == first.content
    assert first.content.endswith(b"data: [DONE]\n\n")
    hit = next(one for one in wait_for_requests(studio.home, model, 2) if one.cache)
    assert own.completion_tokens is not None
    assert (hit.prompt_tokens, hit.completion_tokens) == (own.prompt_tokens, own.completion_tokens)


def test_captured_bodies_are_for_the_owner_and_each_look_is_recorded(studio: StudioServer) -> None:
    """Off until somebody turns it on; what is erased is gone, and said to be."""
    model = "capture-a"
    studio.add(sim_recipe(model, tokens=3))
    before = studio.chat(model, "Nobody reads this")
    change_settings(studio, capture_bodies="all")
    try:
        answer = studio.chat(model, "Somebody reads this")
    finally:
        change_settings(studio, capture_bodies="off")
    request_id = answer.headers["x-request-id"]
    wait_for_requests(studio.home, model, 2)
    path = f"/api/requests/{request_id}/body"
    assert studio.http.get(path).status_code == 403
    bodies = studio.get(path)
    assert "Somebody reads this" in bodies["request"]["data"]
    assert bodies["answer"]["data"] == answer.text
    assert (bodies["model"], bodies["status"], bodies["answer"]["whole"]) == (model, 200, True)
    assert studio.happened("capture-read", request_id=request_id)
    unread = f"/api/requests/{before.headers['x-request-id']}/body"
    assert studio.http.get(unread, headers=studio.owner()).status_code == 404
    assert studio.happened("setting-changed", key="capture_bodies", value="all")
    erased = studio.http.delete("/api/captures", headers=studio.owner())
    assert erased.json()["forgotten"] == 1
    assert studio.happened("captures-pruned", requests=1, reason="owner")
    assert studio.http.get(path, headers=studio.owner()).status_code == 404
