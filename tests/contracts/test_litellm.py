"""LiteLLM as the gateway counts on it: one test for each fact of the table in core/gateway."""

import http.client
import json
import re
import time
from typing import Any

import httpx
import pytest

from core.recipes.recipe import Recipe
from tests.contracts.conftest import INTERNAL, MASTER, REPEATS, Lite, Odd
from tests.core.gateway.test_litellm_config import Ready
from tests.harness.sim import turn_knobs
from tests.harness.waiting import eventually

CHAT = {"messages": [{"role": "user", "content": "hi"}]}


def test_it_asked_nobody_else_for_anything(lite: Lite) -> None:
    """OFFLINE: neither while it started nor for a request."""
    assert lite.ask().status_code == 200
    asked_for = lite.folder / "asked-for"
    assert not asked_for.exists(), asked_for.read_text()


@pytest.mark.parametrize("key", ["sk-wrong", MASTER])
def test_nobody_but_the_studio_is_served(lite: Lite, key: str) -> None:
    """custom_auth refuses in OpenAI's shape, the master key included."""
    headers = {"authorization": f"Bearer {key}"}
    refused = lite.http.post("/v1/chat/completions", json={"model": "public"}, headers=headers)
    assert refused.status_code == 401
    assert refused.json()["error"]["message"]
    assert not lite.seen()


@pytest.mark.parametrize("path", ["/_studio/whoami", "/_studio/usage"])
def test_the_plugins_door_opens_to_the_master_key_alone(lite: Lite, path: str) -> None:
    """It comes before LiteLLM's catch-all routes."""
    assert lite.http.get(path).status_code == 403


def test_the_answer_names_the_model_as_it_was_asked_for(lite: Lite) -> None:
    """So `model` goes up as the public name, and the engine hears its own."""
    answer = lite.ask().json()
    assert answer["model"] == "public"
    assert lite.seen()[0]["body"]["model"] == "inner"
    assert lite.ask("alias").status_code == 400, "aliases are ours: LiteLLM knows none"


def test_the_query_outdoes_the_bodys_model(lite: Lite) -> None:
    """So it does not get there from a caller (`core/gateway/query.py`)."""
    assert lite.ask(path="/v1/chat/completions?model=nobody").status_code == 400
    assert not lite.seen()


def test_what_is_laid_over_a_body_outdoes_its_model(lite: Lite) -> None:
    """So no model gets there in it from a caller (`core/steering.py`)."""
    body = {"model": "public", "input": "hi", "extra_body": {"model": "another"}}
    lite.http.post("/v1/responses", json=body)
    assert lite.seen()[-1]["body"]["model"] == "another"


def test_a_parameter_that_it_thinks_engines_lack_reaches_them(lite: Lite) -> None:
    """It would refuse the request; vLLM passes over what it does not know."""
    assert lite.ask(verbosity="low").status_code == 200
    assert lite.seen()[-1]["body"]["verbosity"] == "low"


def test_a_response_that_it_never_saw_is_gone_on_from(lite: Lite) -> None:
    """Such as one of the direct lane; whether it is there is the engine's to say."""
    body = {"model": "public", "input": "hi", "previous_response_id": "resp_direct"}
    answer = lite.http.post("/v1/responses", json=body)
    assert answer.status_code == 200, answer.text
    assert lite.seen()[-1]["body"]["previous_response_id"] == "resp_direct"


def test_a_prompt_of_token_ids_it_can_not_read(lite: Lite) -> None:
    """So it goes directly (`core/gateway/native.py`)."""
    body = {"model": "public", "prompt": [1, 2]}
    assert lite.http.post("/v1/completions", json=body).status_code == 500
    assert lite.seen() == []


def test_a_transcript_as_text_becomes_json(lite: Lite) -> None:
    """So it goes directly, too."""
    answer = lite.http.post(
        "/v1/audio/transcriptions",
        data={"model": "public", "response_format": "text"},
        files={"file": ("a.wav", b"RIFF")},
    )
    assert answer.headers["content-type"] == "application/json"


def test_a_routing_is_live_at_once_and_a_stream_of_a_removed_engine_ends_well(lite: Lite) -> None:
    """Under way it is not touched; the next request goes to the new engine, or is refused."""
    turn_knobs(lite.engine, tokens=40, tokens_per_second=40)
    body = {"model": "public", "stream": True, **CHAT}
    with lite.http.stream("POST", "/v1/chat/completions", json=body) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if "tok2" in line)
        moved = Ready(engine_id="e", port=lite.anthropic, api_key=None)
        lite.put((Recipe(id="r", served_name="public"), moved), remote=[])
        assert lite.ask().status_code == 200
        assert len(lite.seen()) == 1, "the same id moved to another port"
        lite.put(remote=[])
        assert lite.ask().status_code == 400
        rest = "\n".join(lines)
    assert "tok39" in rest
    assert rest.rstrip().endswith("[DONE]")


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_reported_once_with_its_counts(lite: Lite, stream: bool) -> None:
    """Also when the client asked for no usage; the id is the one in the answer's header."""
    answer = lite.ask(stream=stream)
    report = lite.report(answer.headers["x-litellm-call-id"])
    assert report["completion_tokens"] == 5
    assert report["prompt_tokens"] > 0
    assert ('"usage"' in answer.text) is not stream


def test_a_new_listener_is_told_the_last_reports_once_more(lite: Lite) -> None:
    """A studio that was killed had been told, and may not have written it down."""
    call_id = lite.ask().headers["x-litellm-call-id"]
    report = lite.report(call_id)
    headers = {"authorization": f"Bearer {MASTER}"}
    with httpx.stream("GET", f"{lite.url}/_studio/usage", headers=headers, timeout=10) as told:
        lines = filter(None, told.iter_lines())
        assert next(one for line in lines if (one := json.loads(line))["request_id"] == call_id)
    assert report["reasoning_tokens"] in (0, None)


def test_a_failed_call_is_reported_once_and_asked_once(lite: Lite) -> None:
    """No retry, no cooldown: the next request is served."""
    turn_knobs(lite.engine, fail_status=500)
    failed = lite.ask()
    assert failed.status_code == 500
    assert len(lite.seen()) == 1
    assert lite.report(failed.headers["x-litellm-call-id"])["completion_tokens"] in (0, None)
    turn_knobs(lite.engine, fail_status=None)
    assert lite.ask().status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_ends_the_call_and_is_reported_once(lite: Lite, stream: bool) -> None:
    """`cancel_on_disconnect`: the engine does not work for nobody."""
    turn_knobs(lite.engine, tokens=2000, tokens_per_second=50)
    body = {"model": "public", "stream": stream, **CHAT}
    headers = {
        "authorization": f"Bearer {INTERNAL}",
        "content-type": "application/json",
        "x-litellm-call-id": f"left-{stream}",
    }
    client = http.client.HTTPConnection("127.0.0.1", lite.port, timeout=60)
    client.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    eventually(lite.seen, within=60, what="the engine has it")
    if stream:
        answer = client.getresponse()
        while b"tok2" not in answer.readline():
            pass
        answer.close()
    client.close()
    eventually(lambda: lite.seen()[0]["disconnected"], within=30, what="the engine hears of it")
    assert lite.report(f"left-{stream}")["request_id"]


def test_a_stream_may_repeat_itself(lite: Lite) -> None:
    """REPEATED_STREAMING_CHUNK_LIMIT: a model may count sheep."""
    answer = lite.ask("odd", stream=True)
    assert answer.text.count("again ") == REPEATS
    assert answer.text.rstrip().endswith("[DONE]")


def test_unknown_parameters_reach_the_engine(lite: Lite) -> None:
    """Sampling and templates of vLLM and SGLang, and fields of tomorrow."""
    extra: dict[str, Any] = {
        "top_k": 20,
        "min_p": 0.1,
        "repetition_penalty": 1.1,
        "chat_template_kwargs": {"enable_thinking": False},
        "structured_outputs": {"regex": "[a-z]+"},
        "stop_token_ids": [1, 2],
        "a_field_of_tomorrow": {"x": [1]},
    }
    assert lite.ask(**extra).status_code == 200
    body = lite.seen()[0]["body"]
    assert {name: body.get(name) for name in extra} == extra


def test_priority_is_dropped(lite: Lite) -> None:
    """A known difference: vLLM's `priority` needs the direct lane."""
    assert lite.ask(priority=7).status_code == 200
    assert "priority" not in lite.seen()[0]["body"]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_thoughts_come_through(lite: Lite, field: str) -> None:
    """Whatever the engine calls them, clients of LiteLLM find `reasoning_content`."""
    turn_knobs(lite.engine, reasoning_field=field)
    thinking: dict[str, Any] = {"messages": [{"role": "user", "content": "think"}]}
    message = lite.ask(**thinking).json()["choices"][0]["message"]
    assert message["reasoning_content"].startswith("hm0")
    streamed = lite.ask(stream=True, **thinking).text
    assert re.search(r'"reasoning_content": ?"hm0"', streamed)


def test_messages_are_translated_for_an_engine_with_its_events_in_order(lite: Lite) -> None:
    """`hosted_vllm/`: /v1/messages becomes a chat."""
    answer = lite.ask(path="/v1/messages", max_tokens=9, stream=True)
    events = re.findall(r"^event: (\w+)", answer.text, re.MULTILINE)
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    assert lite.seen()[0]["path"] == "/v1/chat/completions"


def test_idle_connections_are_forgotten_before_their_other_end_closes_them(lite: Lite) -> None:
    """It keeps ours longer than uvicorn's 5 s, and an engine's shorter than that."""
    ports = []
    before = Odd.connections
    kept = httpx.Limits(keepalive_expiry=60)
    headers = dict(lite.http.headers)
    with httpx.Client(base_url=lite.url, headers=headers, timeout=30, limits=kept) as client:
        for pause in (0, 5.5):
            time.sleep(pause)
            answer = client.post("/v1/chat/completions", json={"model": "odd", **CHAT})
            assert answer.status_code == 200
            ports.append(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert ports[0] == ports[1], "our connection to it was kept"
    assert Odd.connections == before + 2, "its connection to the engine was not used again"
