"""Two lanes: which one a request takes, and that it is told."""

import json
from typing import Any

import httpx

from tests.conformance.conftest import both_lanes
from tests.conformance.test_limits_and_rest import change_settings
from tests.harness.sim import answers_seen_by, sim_recipe, turn_knobs
from tests.harness.studio import StudioServer, words
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually

HELLO = [{"role": "user", "content": "Hello!"}]
REMOTE_TOOL = {"type": "mcp", "server_label": "x", "server_url": "http://127.0.0.1:9/mcp"}


def ask(
    studio: StudioServer, model: str, path: str = "/chat/completions", **more: Any
) -> httpx.Response:
    """One request; `headers` and `body` are added."""
    body = {"model": model, "messages": HELLO, **more.get("body", {})}
    headers = more.get("headers", {})
    return httpx.post(f"{studio.v1}{path}", json=body, headers=headers, timeout=60)


@both_lanes
def test_the_lane_that_was_wished_is_taken_and_told(studio: StudioServer, lane: str) -> None:
    """In the answer's headers and in the book, whole and streamed."""
    model = studio.named("lane-a")
    studio.add(sim_recipe(model, tokens=3))
    whole = studio.chat(model)
    assert whole.status_code == 200, whole.text
    stream = studio.stream(model)
    stream.finish()
    assert stream.text == words(3)
    assert stream.saw_done
    assert {whole.headers["x-studio-lane"], stream.headers["x-studio-lane"]} == {lane}
    booked = wait_for_requests(studio.home, model, 2)
    assert [(one.lane, one.completion_tokens) for one in booked] == [(lane, 3)] * 2


def test_on_the_direct_lane_the_answer_is_the_engines_own(studio: StudioServer) -> None:
    """Byte for byte, streamed and whole: what the engine says when it is asked itself."""
    studio.add(sim_recipe("lane-b", tokens=3))
    port = studio.load("lane-b")["port"]
    for stream in (False, True):
        more: dict[str, Any] = {"stream_options": {"include_usage": True}} if stream else {}
        body = {"model": "lane-b", "messages": HELLO, "stream": stream, "logprobs": True, **more}
        ours = httpx.post(
            f"{studio.v1}/chat/completions", json=body, headers={"x-studio-lane": "direct"}
        )
        own = httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body)
        assert _timeless(ours.content) == _timeless(own.content)


def _timeless(answer: bytes) -> list[Any]:
    """An answer without what differs from one request to the next."""
    found = []
    for line in answer.decode().splitlines():
        text = line.removeprefix("data: ")
        read = json.loads(text) if text.startswith("{") else text
        if isinstance(read, dict):
            read = list(read.items())  # in the engine's own order
            read = [(name, said) for name, said in read if name not in ("id", "created")]
        found.append((line[:6], read))
    return found


@both_lanes
def test_an_engine_that_dies_in_a_stream_is_told_in_every_format(
    studio: StudioServer, lane: str
) -> None:
    """One error event, and nothing that looks like the end of a whole answer."""
    model = studio.named("lane-h")
    formats: dict[str, tuple[dict[str, Any], str]] = {
        "/chat/completions": ({"messages": HELLO}, "[DONE]"),
        "/completions": ({"prompt": "x"}, "[DONE]"),
        "/responses": ({"input": "x"}, "response.completed"),
        "/messages": ({"messages": HELLO, "max_tokens": 99}, "message_stop"),
    }
    studio.add(sim_recipe(model, tokens=50, tokens_per_second=50))
    for path, (body, end) in formats.items():
        turn_knobs(studio.load(model)["port"], die_after_tokens=5)
        answer = httpx.post(
            f"{studio.v1}{path}",
            json={"model": model, "stream": True, **body},
            headers=studio.wishes,
            timeout=60,
        )
        assert answer.status_code in (200, 502), (path, answer.text)  # 502: before its first word
        assert answer.text.count('"error":{') == 1, (path, answer.text)
        assert end not in answer.text, (path, answer.text)
        gone = lambda: model not in studio.engines()  # noqa: E731
        eventually(gone, within=60, what=f"the engine that died at {path} is noticed")
    booked = wait_for_requests(studio.home, model, len(formats))
    assert {one.outcome for one in booked} == {"error"}


def test_what_must_be_translated_goes_to_the_gateway_though_direct_was_wished(
    studio: StudioServer,
) -> None:
    """A format that the engine may not speak, and tools that are no functions."""
    studio.add(sim_recipe("lane-c", tokens=3))
    direct = {"x-studio-lane": "direct"}
    message = ask(studio, "lane-c", "/messages", headers=direct, body={"max_tokens": 9})
    assert message.status_code == 200, message.text
    assert message.headers["x-studio-lane"] == "gateway"
    tools = ask(studio, "lane-c", headers=direct, body={"tools": [REMOTE_TOOL]})
    assert tools.headers["x-studio-lane"] == "gateway"
    port = studio.engines()["lane-c"]["port"]
    assert answers_seen_by(port)[0]["path"] == "/v1/chat/completions"


def test_the_recipes_lane_holds_where_a_request_wishes_none(studio: StudioServer) -> None:
    """The header before the recipe, the recipe before the setting."""
    studio.add(sim_recipe("lane-d", tokens=3, recipe={"lane": "direct"}))
    studio.add(sim_recipe("lane-e", tokens=3))
    gateway = {"x-studio-lane": "gateway"}
    assert ask(studio, "lane-d").headers["x-studio-lane"] == "direct"
    assert ask(studio, "lane-d", headers=gateway).headers["x-studio-lane"] == "gateway"
    assert ask(studio, "lane-e").headers["x-studio-lane"] == "gateway"
    change_settings(studio, lane="direct")
    try:
        assert ask(studio, "lane-e").headers["x-studio-lane"] == "direct"
    finally:
        change_settings(studio, lane="gateway")


def test_a_keys_lanes_hold_whatever_is_wished(studio: StudioServer) -> None:
    """What it prefers counts before the recipe; what it may not take is not taken."""
    studio.add(sim_recipe("lane-g", tokens=3))
    direct = {"x-studio-lane": "direct"}
    fast, kept = (
        studio.post("/api/keys", {"name": name, "limits": limits})["secret"]
        for name, limits in (
            ("lane-fast", {"preferred_lane": "direct"}),
            ("lane-kept", {"lanes": ["gateway"]}),
        )
    )
    for secret, headers, lane in (
        (fast, {}, "direct"),
        (fast, {"x-studio-lane": "gateway"}, "gateway"),
        (kept, direct, "gateway"),
    ):
        answer = ask(studio, "lane-g", headers=headers | {"authorization": f"Bearer {secret}"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-studio-lane"] == lane
    refused = ask(
        studio,
        "lane-g",
        "/tokenize",
        headers={"authorization": f"Bearer {kept}"},
        body={"prompt": "x"},
    )
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "lane_not_allowed"


def test_a_lane_that_does_not_exist_is_refused_in_words(studio: StudioServer) -> None:
    """Before anything is loaded for it."""
    studio.add(sim_recipe("lane-f", tokens=3))
    answer = ask(studio, "lane-f", headers={"x-studio-lane": "fast"})
    assert answer.status_code == 400
    assert "gateway or direct" in answer.json()["error"]["message"]
    assert studio.engines() == {}
