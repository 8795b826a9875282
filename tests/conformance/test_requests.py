"""The book of requests, and ending what has not ended: C86, C87."""

import threading
from typing import Any

import httpx

from tests.harness.sim import sim_recipe, turn_knobs
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually


def ids(studio: StudioServer, **wanted: Any) -> list[str]:
    """The requests that a filter finds, newest first."""
    answer = studio.http.get("/api/requests", params=wanted, headers=studio.owner())
    assert answer.is_success, answer.text
    return [one["request_id"] for one in answer.json()["requests"]]


def test_c86_the_book_is_found_by_each_of_its_fields(studio: StudioServer) -> None:
    """Answered, failed, refused, left and cancelled: one record each, whatever is asked for."""
    studio.add(sim_recipe("c86-x", tokens=4))
    issued = studio.post("/api/keys", {"name": "c86"})
    secret, key_id = issued["secret"], issued["key"]["key_id"]
    before = studio.get("/api/requests", limit=1)["requests"]
    since = before[0]["finished_at"] + 1 if before else 0
    headers = {"authorization": f"Bearer {secret}"}
    body = {"model": "c86-x", "messages": [{"role": "user", "content": "x"}]}
    url = f"{studio.v1}/chat/completions"
    answered = httpx.post(url, json=body, headers=headers, timeout=60).headers["x-request-id"]
    unknown = studio.chat("c86-unknown").headers["x-request-id"]
    port = studio.engines()["c86-x"]["port"]
    turn_knobs(port, fail_status=418)
    failed = studio.chat("c86-x").headers["x-request-id"]
    turn_knobs(port, fail_status=None, tokens=5000, tokens_per_second=50)
    streams = {}
    for ending in ("left", "cancelled"):
        stream = studio.stream("c86-x")
        stream.wait_for_text()
        streams[ending] = stream.headers["x-request-id"]
        if ending == "left":
            stream.leave()
        else:
            studio.post("/api/cancel", {"request_id": streams[ending]})
            stream.finish(within=30)
    wait_for_requests(studio.home, "c86-x", 4)
    everything = [streams["cancelled"], streams["left"], failed, unknown, answered]
    assert sorted(ids(studio, since=since)) == sorted(everything)
    assert ids(studio, key=key_id) == [answered]
    assert ids(studio, actor=f"key:{key_id}") == [answered]
    assert ids(studio, model="c86-unknown", since=since) == [unknown]
    assert ids(studio, status=418) == [failed]
    assert ids(studio, outcome="cancelled", recipe="c86-x") == [streams["cancelled"]]
    assert ids(studio, outcome="client_gone", recipe="c86-x") == [streams["left"]]
    assert ids(studio, outcome="rejected", since=since) == [unknown]
    assert ids(studio, lane="none", since=since) == [unknown]
    assert sorted(ids(studio, stream="true", since=since)) == sorted(streams.values())
    assert ids(studio, request_id=failed) == [failed]
    assert ids(studio, path="/v1/embeddings", since=since) == []
    (entry,) = studio.get("/api/requests", request_id=answered)["requests"]
    assert (entry["status"], entry["completion_tokens"], entry["key_id"]) == (200, 4, key_id)
    assert entry["ttft_ms"] > 0
    assert entry["duration_ms"] >= entry["ttft_ms"]
    assert ids(studio, until=entry["finished_at"] + 1, since=entry["finished_at"]) == [answered]
    paged: list[str] = []
    page: dict[str, Any] = {"next": None}
    while not paged or page["next"]:
        cursor = {"before": page["next"]} if page["next"] else {}
        page = studio.get("/api/requests", since=since, limit=2, **cursor)
        paged += [one["request_id"] for one in page["requests"]]
    assert sorted(paged) == sorted(everything)
    assert len(paged) == 5
    studio.http.delete(f"/api/keys/{key_id}", headers=studio.owner())


def test_c87_a_request_that_waits_for_its_model_can_be_cancelled_by_its_id(
    studio: StudioServer,
) -> None:
    """It is told so, and its model is not started for it."""
    studio.add(sim_recipe("c87-busy", tokens=5000, tokens_per_second=50))
    studio.add(sim_recipe("c87-b"))
    change = {"max_resident": 1}
    studio.http.patch("/api/settings", json=change, headers=studio.owner())
    try:
        busy = studio.stream("c87-busy")
        busy.wait_for_text()
        head = studio.head
        answers: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: answers.append(studio.chat("c87-b")))
        waiting.start()

        def the_waiting() -> dict[str, Any] | None:
            running = studio.get("/api/requests/running")["requests"]
            found = [one for one in running if one["model"] == "c87-b"]
            return found[0] if found and found[0]["state"] == "waiting" else None

        seen = eventually(the_waiting, within=30, what="it waits")
        assert seen["since"] > 0
        assert studio.post("/api/cancel", {"request_id": seen["request_id"]}) == {"cancelled": 1}
        waiting.join(60)
        (answer,) = answers
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "cancelled"
        assert answer.headers["x-should-retry"] == "false"
        again = studio.http.post(
            "/api/cancel", json={"request_id": seen["request_id"]}, headers=studio.owner()
        )
        assert again.status_code == 404
        length = len(busy.text)
        eventually(lambda: len(busy.text) > length, within=30, what="the other goes on")
        busy.leave()
        assert studio.happened("engine-start-requested", after=head, recipe_id="c87-b") == []
        (booked,) = wait_for_requests(studio.home, "c87-b", 1)
        assert (booked.outcome, booked.lane) == ("cancelled", "none")
    finally:
        studio.http.patch("/api/settings", json={"max_resident": 1}, headers=studio.owner())
