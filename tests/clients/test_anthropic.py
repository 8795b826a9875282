"""Anthropic's client: messages whole and streamed, tools, thinking, counting."""

from typing import Any

import anthropic

from tests.clients.conftest import MODEL, Engine
from tests.harness.studio import words

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
