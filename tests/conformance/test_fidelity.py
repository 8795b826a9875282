"""Streams, upstream errors and the record of each request: C58, C64–C66, C78, C86, C87."""

from tests.conformance.conftest import both_lanes
from tests.harness.sim import answers_seen_by, sim_recipe, turn_knobs
from tests.harness.studio import StudioServer, words
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually


@both_lanes
def test_c58_tokens_arrive_one_by_one_and_unbuffered(studio: StudioServer, lane: str) -> None:
    """No more than two tokens come together, and proxies on the way are told not to buffer."""
    model = studio.named("c58-a")
    studio.add(sim_recipe(model, tokens=50, tokens_per_second=50))
    stream = studio.stream(model)
    stream.finish()
    assert stream.text == words(50)
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-studio-lane"] == lane
    deltas = [
        choice["delta"]["content"].split()
        for event in stream.events
        for choice in event.get("choices", ())
        if choice["delta"].get("content")
    ]
    assert max(map(len, deltas)) <= 2


@both_lanes
def test_c62_what_the_client_sends_reaches_the_engine(studio: StudioServer) -> None:
    """Unicode, big numbers and fields we do not know survive the way."""
    model = studio.named("c62-a")
    studio.add(sim_recipe(model, tokens=2))
    answer = studio.chat(model, "Grüße, 世界 🌍", temperature=0, seed=9007199254740993, top_k=20)
    assert answer.status_code == 200, answer.text
    (received,) = answers_seen_by(studio.engines()[model]["port"])
    assert received["body"]["messages"][0]["content"] == "Grüße, 世界 🌍"
    assert received["body"]["seed"] == 9007199254740993
    assert received["body"]["top_k"] == 20


@both_lanes
def test_c66_an_engines_refusal_reaches_the_client_and_is_booked_as_failed(
    studio: StudioServer,
) -> None:
    """Status and message are the engine's own, and the book says that it failed."""
    model = studio.named("c66-a")
    studio.add(sim_recipe(model))
    turn_knobs(studio.load(model)["port"], fail_status=422)
    answer = studio.chat(model)
    assert answer.status_code == 422, answer.text
    assert "asked to fail" in answer.json()["error"]["message"]
    (booked,) = wait_for_requests(studio.home, model, 1)
    assert (booked.outcome, booked.status) == ("error", 422)


def test_c78_the_list_of_what_runs_says_everything_about_it(studio: StudioServer) -> None:
    """Model, state, pid, port and requests under way."""
    studio.add(sim_recipe("c78-a", tokens=5000, tokens_per_second=50))
    studio.load("c78-a")
    stream = studio.stream("c78-a")
    stream.wait_for_text()
    engine = studio.engines()["c78-a"]
    assert engine["state"] == "ready"
    assert engine["pid"] > 0
    assert engine["port"] > 0
    eventually(lambda: studio.engines()["c78-a"]["in_flight"] == 1, within=30, what="one under way")
    assert studio.status()["in_flight"] == 1
    stream.leave()


@both_lanes
def test_c86_each_request_is_booked_once_however_it_ends(studio: StudioServer) -> None:
    """Answered, refused by the engine, and left by its client: three requests, three records."""
    model = studio.named("c86-a")
    studio.add(sim_recipe(model, tokens=8))
    assert studio.chat(model).status_code == 200
    wait_for_requests(studio.home, model, 1)  # what waits for its counts may be overtaken
    port = studio.engines()[model]["port"]
    turn_knobs(port, fail_status=400)
    assert studio.chat(model).status_code == 400
    wait_for_requests(studio.home, model, 2)
    turn_knobs(port, fail_status=None, tokens=2000, tokens_per_second=50)
    stream = studio.stream(model)
    stream.wait_for_text()
    stream.leave()
    records = wait_for_requests(studio.home, model, 3)
    assert [one.outcome for one in records] == ["ok", "error", "client_gone"]
    answered = records[0]
    assert answered.completion_tokens == 8
    assert answered.prompt_tokens
    assert answered.recipe_id == model
    assert answered.duration_ms > 0


@both_lanes
def test_c87_a_request_can_be_cancelled_by_its_id(studio: StudioServer) -> None:
    """The client's stream ends, and the engine sees the hang-up."""
    model = studio.named("c87-a")
    studio.add(sim_recipe(model, tokens=5000, tokens_per_second=50))
    stream = studio.stream(model)
    stream.wait_for_text()
    studio.post("/api/cancel", {"request_id": stream.headers["x-request-id"]})
    stream.finish(within=30)
    assert stream.text != words(5000)
    port = studio.engines()[model]["port"]
    eventually(lambda: answers_seen_by(port)[0]["disconnected"], within=30, what="it hung up")


@both_lanes
def test_a_client_that_leaves_stops_the_engines_work(studio: StudioServer) -> None:
    """Nobody computes for someone who has gone."""
    model = studio.named("left-a")
    studio.add(sim_recipe(model, tokens=5000, tokens_per_second=50))
    stream = studio.stream(model)
    stream.wait_for_text()
    port = studio.engines()[model]["port"]
    stream.leave()
    eventually(lambda: answers_seen_by(port)[0]["disconnected"], within=30, what="the work stopped")
