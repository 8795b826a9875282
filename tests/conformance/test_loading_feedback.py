"""What a client hears of a load it waits for: C22, C23, C24, C31."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

BODY = {"messages": [{"role": "user", "content": "Hello!"}]}
ON = {"x-studio-loading-feedback": "on"}


def events(
    studio: StudioServer,
    model: str,
    headers: dict[str, str] | None = None,
    begun: Callable[[], None] = lambda: None,
) -> list[str]:
    """Each line of a streamed chat; `begun` is called when the first has come."""
    body, lines = {**BODY, "model": model, "stream": True}, list[str]()
    with httpx.stream(
        "POST", f"{studio.v1}/chat/completions", json=body, headers=headers, timeout=120
    ) as answer:
        for line in filter(None, answer.iter_lines()):
            if not lines:
                begun()
            lines.append(line)
    return lines


def chunks(lines: list[str]) -> list[dict[str, Any]]:
    """The JSON among them."""
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def test_c22_a_load_is_told_in_the_stream_that_waits_for_it(
    studio: StudioServer, tmp_path: Path
) -> None:
    """At once, in phases, then the answer under the same id with its one [DONE].

    The load goes on only when something was told of it.
    """
    go_on = tmp_path / "go on"
    studio.add(sim_recipe("c22-a", load_until=go_on, load_seconds=4, tokens=3))
    lines = events(studio, "c22-a", ON, go_on.touch)
    told = chunks(lines)
    assert len({(c["id"], c["object"], c["created"], c["model"]) for c in told}) == 1
    deltas = [c["choices"][0]["delta"] for c in told if c["choices"]]
    assert deltas[0]["role"] == "assistant"
    thoughts = "".join(d.get("reasoning_content") or "" for d in deltas)
    assert "loading weights" in thoughts, thoughts
    assert "%" in thoughts
    assert "".join(d.get("content") or "" for d in deltas) == "tok0 tok1 tok2"
    assert lines.count("data: [DONE]") == 1
    assert lines[-1] == "data: [DONE]"


def test_c22_a_load_that_fails_ends_the_stream_with_its_error(studio: StudioServer) -> None:
    """The diagnosis in OpenAI's form, and no [DONE]."""
    studio.add(sim_recipe("c22-b", load_seconds=4, crash_while_loading=3))
    lines = events(studio, "c22-b", ON)
    assert chunks(lines)[-1]["error"]["exit_code"] == 3
    assert not any("[DONE]" in line for line in lines)


def test_c23_without_it_the_answer_is_the_upstreams_alone(studio: StudioServer) -> None:
    """No loading bytes when it is off, and none without a stream."""
    studio.add(sim_recipe("c23-a", load_seconds=2, tokens=2))
    lines = events(studio, "c23-a")
    assert not any("reasoning" in line or line.startswith(":") for line in lines), lines
    studio.add(sim_recipe("c23-b", load_seconds=2, fail_status=503))
    body = {**BODY, "model": "c23-b"}
    answer = httpx.post(f"{studio.v1}/chat/completions", json=body, headers=ON, timeout=120)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("application/json")


def test_c24_a_limit_is_refused_before_any_byte_of_a_stream(
    studio: StudioServer, tmp_path: Path
) -> None:
    """429 with Retry-After and JSON, however much the client wants to hear."""
    never = tmp_path / "go on"
    studio.add(sim_recipe("c24-s", load_until=never, tokens=2, recipe={"concurrency": 1}))
    first = studio.stream("c24-s")
    try:
        eventually(lambda: studio.status()["waiting"], within=60, what="the first one waits")
        body = {**BODY, "model": "c24-s", "stream": True}
        answer = httpx.post(f"{studio.v1}/chat/completions", json=body, headers=ON, timeout=60)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["error"]["type"] == "rate_limit_error"
    finally:
        first.leave()
        never.touch()


def test_c31_a_context_too_long_comes_with_the_one_that_fits(studio: StudioServer) -> None:
    """vLLM's own estimate, as a change of the recipe that a program can send."""
    line = (
        "ValueError: To serve at least one request with the model's max seq len (131072), (16.00 "
        "GiB KV cache is needed, which is larger than the available KV cache memory (7.41 GiB). "
        "Based on the available memory, the estimated maximum model length is 60672. Try "
        "increasing `gpu_memory_utilization` or decreasing `max_model_len`."
    )
    studio.add(sim_recipe("c31-a", load_seconds=1, crash_while_loading=1, log_line=[line]))
    answer = studio.chat("c31-a")
    assert answer.status_code == 502
    error = answer.json()["error"]
    assert error["code"] == "context-too-long"
    assert error["remedy"] == {"context_length": 60672}
    assert "60672" in error["next_action"]
