"""Anthropic's client: messages whole and streamed, tools, thinking, counting."""

from typing import Any

import anthropic
import pytest

from tests.clients.conftest import MODEL, Engine
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

WEATHER: Any = {
    "name": "weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def said(text: str) -> Any:
    """One message of the user."""
    return [{"role": "user", "content": text}]


def text_of(message: anthropic.types.Message) -> str:
    """The words of a message."""
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_message_is_answered_by_the_lane_that_was_wished(
    claude: anthropic.Anthropic, engine: Engine, lane: str
) -> None:
    """Translated for the engine, or in its own words: the client sees no difference."""
    raw = claude.messages.with_raw_response.create(
        model=MODEL, max_tokens=50, system="Be kind.", messages=said("Hello!")
    )
    assert raw.headers["x-studio-lane"] == lane
    message = raw.parse()
    assert text_of(message) == words(5)
    assert (message.model, message.stop_reason) == (MODEL, "end_turn")
    assert message.usage.output_tokens == 5
    path = "/v1/messages" if lane == "direct" else "/v1/chat/completions"
    assert engine.seen()[-1]["path"] == path


def test_a_message_that_is_cut_says_so(claude: anthropic.Anthropic) -> None:
    """`max_tokens` reaches the engine."""
    message = claude.messages.create(model=MODEL, max_tokens=2, messages=said("Hello!"))
    assert (text_of(message), message.stop_reason) == (words(2), "max_tokens")


def test_a_message_is_streamed_in_events(claude: anthropic.Anthropic) -> None:
    """In the order that the format demands; the parts are the whole."""
    with claude.messages.stream(model=MODEL, max_tokens=50, messages=said("Hello!")) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 1
    assert text_of(message) == words(5)
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 5)


def test_a_tool_is_used_and_its_result_is_heard(claude: anthropic.Anthropic) -> None:
    """Two turns, the first streamed."""
    asked = said("please call it")
    with claude.messages.stream(
        model=MODEL, max_tokens=50, messages=asked, tools=[WEATHER]
    ) as stream:
        first = stream.get_final_message()
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert (call.name, call.input) == ("weather", {"city": "a city"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "rain"}
    used = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.input}
    history: Any = [
        *asked,
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [result]},
    ]
    second = claude.messages.create(model=MODEL, max_tokens=50, messages=history, tools=[WEATHER])
    assert text_of(second) == "The tool said rain"


def test_thinking_comes_before_the_answer(claude: anthropic.Anthropic) -> None:
    """Whole and streamed, in a block of its own."""
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    whole = claude.messages.create(
        model=MODEL, max_tokens=2000, messages=said("Hello!"), thinking=thinking
    )
    with claude.messages.stream(
        model=MODEL, max_tokens=2000, messages=said("Hello!"), thinking=thinking
    ) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        thought, answer = message.content
        assert thought.type == "thinking"
        assert thought.thinking == "hm0 hm1 hm2"
        assert answer.type == "text"
        assert answer.text == words(5)


def test_a_picture_reaches_the_engine(claude: anthropic.Anthropic, engine: Engine) -> None:
    """Its base64 is there, whichever format it is told in."""
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    content: Any = [{"type": "image", "source": source}, {"type": "text", "text": "what"}]
    claude.messages.create(
        model=MODEL, max_tokens=50, messages=[{"role": "user", "content": content}]
    )
    assert "iVBORw0KGgo=" in str(engine.last())


def test_what_claude_code_sends_is_taken(
    claude: anthropic.Anthropic, engine: Engine, lane: str
) -> None:
    """Beta headers and `?beta=true`, cache marks, earlier thoughts, pictures in tools' results."""
    mark: Any = {"type": "ephemeral", "ttl": "1h"}
    picture = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    seen = [{"type": "text", "text": "seen"}, {"type": "image", "source": picture}]
    result = {"type": "tool_result", "tool_use_id": "t1"}
    weather: Any = {**WEATHER, "cache_control": mark}
    history: Any = [
        {"role": "user", "content": [{"type": "text", "text": "look", "cache_control": mark}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "x"}},
            ],
        },
        {
            "role": "user",
            "content": [{**result, "content": seen}],
        },
    ]
    with claude.beta.messages.stream(
        model=MODEL,
        max_tokens=50,
        system=[{"type": "text", "text": "Be kind.", "cache_control": mark}],
        messages=history,
        tools=[weather],
        metadata={"user_id": "u"},
        betas=["context-management-2025-06-27", "interleaved-thinking-2025-05-14"],
    ) as stream:
        assert stream.get_final_message().stop_reason == "end_turn"
    assert "iVBORw0KGgo=" in str(engine.last())
    assert "beta" not in engine.last()
    if lane == "direct":
        told = engine.seen()[-1]["headers"]["anthropic-beta"]
        assert told == "context-management-2025-06-27,interleaved-thinking-2025-05-14"


def test_models_are_listed_found_and_missed_in_anthropics_way(claude: anthropic.Anthropic) -> None:
    """With a name to show; what is not there is their exception, with the request's id."""
    assert [(one.id, one.display_name) for one in claude.models.list()] == [(MODEL, MODEL)]
    assert claude.models.retrieve("gpt-sim").id == MODEL
    with pytest.raises(anthropic.NotFoundError) as missed:
        claude.models.retrieve("nobody")
    body: Any = missed.value.body
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")


def test_an_answer_can_be_found_again_by_its_id(
    claude: anthropic.Anthropic, served: StudioServer
) -> None:
    """The client reads `request-id`; it is the one of the record."""
    message = claude.messages.create(model=MODEL, max_tokens=50, messages=said("Hello!"))
    request_id = message._request_id

    def recorded() -> Any:
        return served.get("/api/requests", request_id=request_id)["requests"]

    (record,) = eventually(recorded, within=30, what="the request is recorded")
    assert (record["path"], record["outcome"]) == ("/v1/messages", "ok")


def test_tokens_are_counted_by_the_engine_or_estimated(
    claude: anthropic.Anthropic, engine: Engine, lane: str
) -> None:
    """The direct lane has the engine's own count; LiteLLM knows no tokenizer of the model."""
    counted = claude.messages.count_tokens(model=MODEL, messages=said("one two three"))
    if lane == "direct":
        message = claude.messages.create(model=MODEL, max_tokens=5, messages=said("one two three"))
        assert counted.input_tokens == message.usage.input_tokens
    else:
        assert counted.input_tokens > 0
        assert engine.seen() == []
