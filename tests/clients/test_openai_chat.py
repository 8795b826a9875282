"""OpenAI's client, chat/completions: plain, streamed, tools, thoughts, JSON, pictures, numbers."""

import json
from typing import Any, Literal

import openai
import pydantic
import pytest

from tests.clients.conftest import MODEL, Engine, options
from tests.harness.studio import StudioServer, words

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}
TIME: Any = {"type": "function", "function": {"name": "time", "parameters": {"type": "object"}}}


def said(text: str) -> Any:
    """One message of the user."""
    return [{"role": "user", "content": text}]


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    """By the client's own types."""
    assert MODEL in [model.id for model in client.models.list()]
    assert client.models.retrieve(MODEL).id == MODEL


def test_a_chat_is_answered_and_says_by_which_lane(client: openai.OpenAI, lane: str) -> None:
    """Words, reason, counts; an alias will do."""
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-sim", messages=said("Hello!"), max_tokens=3
    )
    assert raw.headers["x-studio-lane"] == lane
    answer = raw.parse()
    assert answer.choices[0].message.content == words(3)
    assert answer.choices[0].finish_reason == "length"
    assert answer.model == MODEL
    assert answer.usage is not None
    assert (answer.usage.completion_tokens, answer.usage.total_tokens) == (3, 7)


def test_a_stream_is_whole_and_counts_only_when_asked(client: openai.OpenAI) -> None:
    """No client is sent counts that it did not ask for."""
    plain = list(client.chat.completions.create(model=MODEL, messages=said("Hello!"), stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in plain if c.choices) == words(5)
    assert not any(chunk.usage for chunk in plain)
    counted = list(
        client.chat.completions.create(
            model=MODEL,
            messages=said("Hello!"),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert counted[-1].usage is not None
    assert counted[-1].usage.completion_tokens == 5
    assert [c.choices[0].finish_reason for c in counted if c.choices][-1:] != [None] or any(
        c.choices and c.choices[0].finish_reason == "stop" for c in counted
    )


async def test_the_asynchronous_client_streams_too(async_client: openai.AsyncOpenAI) -> None:
    """Whole and streamed."""
    whole = await async_client.chat.completions.create(model=MODEL, messages=said("Hello!"))
    assert whole.choices[0].message.content == words(5)
    stream = await async_client.chat.completions.create(
        model=MODEL, messages=said("Hello!"), stream=True
    )
    text = "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])
    assert text == words(5)


def test_a_tool_is_called_and_its_result_is_heard(client: openai.OpenAI, engine: Engine) -> None:
    """Two turns: the call with its arguments, then the answer that knows the result."""
    asked = said("please call it")
    first = client.chat.completions.create(model=MODEL, messages=asked, tools=[WEATHER])
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = first.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": "a city", "days": 7}
    history = [*asked, first.choices[0].message.model_dump(exclude_none=True)]
    history.append({"role": "tool", "tool_call_id": call.id, "content": "rain"})
    second = client.chat.completions.create(model=MODEL, messages=history, tools=[WEATHER])
    assert second.choices[0].message.content == "The tool said rain"
    assert engine.last()["messages"][1]["tool_calls"][0]["id"] == call.id


def test_streamed_tool_calls_are_put_together_by_the_client(client: openai.OpenAI) -> None:
    """Two of them, by the client's own accumulator."""
    with client.chat.completions.stream(
        model=MODEL, messages=said("call twice"), tools=[WEATHER, TIME]
    ) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    calls = message.tool_calls or []
    assert [call.function.name for call in calls] == ["weather", "time"]
    assert json.loads(calls[0].function.arguments) == {"city": "a city", "days": 7}
    assert json.loads(calls[1].function.arguments) == {}
    assert len({call.id for call in calls}) == 2


def test_a_tool_can_be_demanded_or_forbidden(client: openai.OpenAI) -> None:
    """`tool_choice` reaches the engine."""
    choice: Any = {"type": "function", "function": {"name": "time"}}
    named = client.chat.completions.create(
        model=MODEL, messages=said("hi"), tools=[WEATHER, TIME], tool_choice=choice
    )
    assert (named.choices[0].message.tool_calls or [])[0].function.name == "time"  # type: ignore[union-attr]
    none = client.chat.completions.create(
        model=MODEL, messages=said("please call it"), tools=[WEATHER], tool_choice="none"
    )
    assert none.choices[0].message.content == words(5)


def test_the_allowed_ones_of_many_tools_are_offered_alone(
    client: openai.OpenAI, engine: Engine
) -> None:
    """`allowed_tools`, which engines and LiteLLM do not know."""
    named: Any = [{"type": "function", "function": {"name": "time"}}]
    choice: Any = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": named}}
    answer = client.chat.completions.create(
        model=MODEL, messages=said("hi"), tools=[WEATHER, TIME], tool_choice=choice
    )
    assert (answer.choices[0].message.tool_calls or [])[0].function.name == "time"  # type: ignore[union-attr]
    assert engine.last()["tool_choice"] == "required"
    assert len(engine.last()["tools"]) == 1


def test_thoughts_come_as_the_engine_names_them_and_by_the_gateway_under_both_names(
    client: openai.OpenAI, engine: Engine, lane: str
) -> None:
    """Whole and streamed, from an engine with the new name and from one with the old."""
    for name in ("reasoning", "reasoning_content"):
        engine.turn(reasoning_field=name)
        names = {"reasoning", "reasoning_content"} if lane == "gateway" else {name}
        whole = client.chat.completions.create(model=MODEL, messages=said("think"))
        found = whole.choices[0].message.model_dump()
        assert {n: found[n] for n in names} == dict.fromkeys(names, "hm0 hm1 hm2")
        assert whole.choices[0].message.content == words(5)
        assert whole.usage is not None
        assert whole.usage.completion_tokens_details is not None
        assert whole.usage.completion_tokens_details.reasoning_tokens == 3
        stream = client.chat.completions.create(model=MODEL, messages=said("think"), stream=True)
        deltas = [chunk.choices[0].delta.model_dump() for chunk in stream if chunk.choices]
        for one in names:
            assert "".join(delta.get(one) or "" for delta in deltas) == "hm0 hm1 hm2", one


def test_a_thought_in_the_history_reaches_the_engine_under_a_name_it_knows(
    client: openai.OpenAI, engine: Engine
) -> None:
    """Every engine understands `reasoning_content`; vLLM also the other."""
    for name in ("reasoning", "reasoning_content"):
        history = [*said("a"), {"role": "assistant", "content": "b", name: "so"}, *said("c")]
        client.chat.completions.create(model=MODEL, messages=history)
        assert engine.last()["messages"][1]["reasoning_content"] == "so", name


class Mood(pydantic.BaseModel):
    """What is asked for in structured output."""

    mood: Literal["sunny", "grey"]
    degrees: int
    why: list[str]


def test_structured_output_is_parsed_by_the_client(client: openai.OpenAI, engine: Engine) -> None:
    """`response_format` with a schema made of a class, and vLLM's own field."""
    answer = client.chat.completions.parse(
        model=MODEL, messages=said("how is it"), response_format=Mood
    )
    assert answer.choices[0].message.parsed == Mood(mood="sunny", degrees=7, why=["a why"])
    assert engine.last()["response_format"]["json_schema"]["strict"] is True
    extra: Any = {"structured_outputs": {"choice": ["yes", "no"]}}
    chosen = client.chat.completions.create(model=MODEL, messages=said("is it"), extra_body=extra)
    assert chosen.choices[0].message.content == "yes"


def test_pictures_and_sounds_reach_the_engine_as_they_are(
    client: openai.OpenAI, engine: Engine
) -> None:
    """A data URL and base64, byte for byte."""
    content: Any = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ]
    client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    assert engine.last()["messages"][0]["content"] == content


def test_several_choices_log_probabilities_and_cached_tokens(
    client: openai.OpenAI, engine: Engine
) -> None:
    """`n`, `logprobs`, `top_logprobs`, and the counts' details."""
    engine.turn(cached_tokens=2)
    answer = client.chat.completions.create(
        model=MODEL, messages=said("Hello!"), n=2, logprobs=True, top_logprobs=1, max_tokens=2
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    for choice in answer.choices:
        assert choice.logprobs is not None
        content = choice.logprobs.content or []
        assert [one.token for one in content] == ["tok0", " tok1"]
        assert content[0].top_logprobs[0].logprob == -0.25
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 2


def test_streams_of_several_choices_keep_them_apart(served: StudioServer, engine: Engine) -> None:
    """Where no lane is wished: each choice has its own text and its own end."""
    settings = options(served, "")
    del settings["default_headers"]
    with openai.OpenAI(**settings) as client:
        with client.chat.completions.stream(model=MODEL, messages=said("Hello!"), n=2) as stream:
            for _ in stream:
                pass
            choices = stream.get_final_completion().choices
        assert [(one.index, one.finish_reason) for one in choices] == [(0, "stop"), (1, "stop")]
        assert [one.message.content for one in choices] == [words(5)] * 2
        texts = ["", ""]
        for piece in client.completions.create(model=MODEL, prompt="a", n=2, stream=True):
            for choice in piece.choices:
                texts[choice.index] += choice.text
        assert texts == [words(5)] * 2


def test_every_stop_sequence_reaches_the_engine(client: openai.OpenAI, engine: Engine) -> None:
    """LiteLLM leaves out the fifth and all after it, unless it is told not to."""
    client.chat.completions.create(model=MODEL, messages=said("Hello!"), stop=list("abcdef"))
    assert engine.last()["stop"] == list("abcdef")


@pytest.mark.parametrize(
    "field",
    [
        {"verbosity": "low"},
        {"reasoning_effort": "low"},
        {"store": True},
        {"prompt_cache_key": "k"},
        {"safety_identifier": "x"},
        {"service_tier": "auto"},
    ],
)
def test_the_newest_parameters_are_taken(
    client: openai.OpenAI, engine: Engine, field: dict[str, Any]
) -> None:
    """Programs written for OpenAI's models send them whatever the model is."""
    client.chat.completions.create(model=MODEL, messages=said("Hello!"), **field)
    assert engine.last().items() >= field.items()


def test_what_only_the_engine_knows_reaches_it(client: openai.OpenAI, engine: Engine) -> None:
    """Fields that no client library has."""
    extra: Any = {"top_k": 20, "min_p": 0.1, "chat_template_kwargs": {"enable_thinking": False}}
    client.chat.completions.create(
        model=MODEL, messages=said("Hello!"), seed=9007199254740993, extra_body=extra
    )
    body = engine.last()
    assert {name: body[name] for name in extra} == extra
    assert body["seed"] == 9007199254740993
