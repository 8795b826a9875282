"""Streams, upstream errors and the record of each request: C58, C64–C66, C78, C86, C87."""

from tests.harness.sim import answers_seen_by, sim_recipe, turn_knobs
from tests.harness.studio import StudioServer, words
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually


def test_c58_tokens_arrive_one_by_one_and_unbuffered(studio: StudioServer) -> None:
    """No more than two tokens come together, and proxies on the way are told not to buffer."""
    studio.add(sim_recipe("c58-a", tokens=50, tokens_per_second=50))
    stream = studio.stream("c58-a")
    stream.finish()
    assert stream.text == words(50)
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-studio-lane"] == "gateway"
    deltas = [
        choice["delta"]["content"].split()
        for event in stream.events
        for choice in event.get("choices", ())
        if choice["delta"].get("content")
    ]
    assert max(map(len, deltas)) <= 2


def test_c62_what_the_client_sends_reaches_the_engine(studio: StudioServer) -> None:
    """Unicode, big numbers and fields we do not know survive the way."""
    studio.add(sim_recipe("c62-a", tokens=2))
    answer = studio.chat("c62-a", "Grüße, 世界 🌍", temperature=0, seed=9007199254740993, top_k=20)
    assert answer.status_code == 200, answer.text
    (received,) = answers_seen_by(studio.engines()["c62-a"]["port"])
    assert received["body"]["messages"][0]["content"] == "Grüße, 世界 🌍"
    assert received["body"]["seed"] == 9007199254740993
    assert received["body"]["top_k"] == 20


def test_c66_an_engines_refusal_reaches_the_client_and_is_booked_as_failed(
    studio: StudioServer,
) -> None:
    """Status and message are the engine's own, and the book says that it failed."""
    studio.add(sim_recipe("c66-a"))
    turn_knobs(studio.load("c66-a")["port"], fail_status=422)
    answer = studio.chat("c66-a")
    assert answer.status_code == 422, answer.text
    assert "asked to fail" in answer.json()["error"]["message"]
    (booked,) = wait_for_requests(studio.home, "c66-a", 1)
    assert (booked.outcome, booked.status) == ("error", 422)


def test_c78_the_list_of_what_runs_says_everything_about_it(studio: StudioServer) -> None:
    """Model, state, pid, port and requests under way."""
    studio.add(sim_recipe("c78-a", tokens=150, tokens_per_second=50))
    studio.load("c78-a")
    stream = studio.stream("c78-a")
    stream.wait_for_text()
    engine = studio.engines()["c78-a"]
    assert engine["state"] == "ready"
    assert engine["pid"] > 0
    assert engine["port"] > 0
    eventually(lambda: studio.engines()["c78-a"]["in_flight"] == 1, within=5, what="one under way")
    assert studio.status()["in_flight"] == 1
    stream.finish()


def test_c86_each_request_is_booked_once_however_it_ends(studio: StudioServer) -> None:
    """Answered, refused by the engine, and left by its client: three requests, three records."""
    studio.add(sim_recipe("c86-a", tokens=8))
    assert studio.chat("c86-a").status_code == 200
    port = studio.engines()["c86-a"]["port"]
    turn_knobs(port, fail_status=400)
    assert studio.chat("c86-a").status_code == 400
    turn_knobs(port, fail_status=None, tokens=2000, tokens_per_second=50)
    stream = studio.stream("c86-a")
    stream.wait_for_text()
    stream.leave()
    records = wait_for_requests(studio.home, "c86-a", 3)
    assert [one.outcome for one in records] == ["ok", "error", "client_gone"]
    answered = records[0]
    assert answered.completion_tokens == 8
    assert answered.prompt_tokens
    assert answered.recipe_id == "c86-a"
    assert answered.duration_ms > 0


def test_c87_a_request_can_be_cancelled_by_its_id(studio: StudioServer) -> None:
    """The client's stream ends, and the engine sees the hang-up."""
    studio.add(sim_recipe("c87-a", tokens=5000, tokens_per_second=50))
    stream = studio.stream("c87-a")
    stream.wait_for_text()
    studio.post("/api/cancel", {"request_id": stream.headers["x-request-id"]})
    stream.finish(within=10)
    assert stream.text != words(5000)
    port = studio.engines()["c87-a"]["port"]
    eventually(lambda: answers_seen_by(port)[0]["disconnected"], within=5, what="it hung up")


def test_a_client_that_leaves_stops_the_engines_work_within_a_second(studio: StudioServer) -> None:
    """Nobody computes for someone who has gone."""
    studio.add(sim_recipe("left-a", tokens=5000, tokens_per_second=50))
    stream = studio.stream("left-a")
    stream.wait_for_text()
    port = studio.engines()["left-a"]["port"]
    stream.leave()
    eventually(lambda: answers_seen_by(port)[0]["disconnected"], within=2, what="the work stopped")
