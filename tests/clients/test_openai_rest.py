"""OpenAI's client, everything but chat: text, embeddings, responses, audio."""

import json
from typing import Any

import httpx
import openai
import pydantic

from tests.clients.conftest import MODEL, Engine
from tests.harness.studio import StudioServer, words

WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}
WAV = b"RIFF" + bytes(range(256)) * 20


def test_a_text_is_completed(client: openai.OpenAI) -> None:
    """Whole with log probabilities, and streamed."""
    whole = client.completions.create(model=MODEL, prompt="once", max_tokens=2, logprobs=1, n=2)
    assert [choice.text for choice in whole.choices] == [words(2)] * 2
    assert whole.choices[0].logprobs is not None
    assert whole.choices[0].logprobs.tokens == ["tok0", " tok1"]
    stream = client.completions.create(model=MODEL, prompt="once", stream=True)
    texts = [chunk.choices[0].text or "" for chunk in stream if chunk.choices]  # LiteLLM: null
    assert "".join(texts) == words(5)


def test_embeddings_come_as_numbers_whichever_way_they_travel(
    client: openai.OpenAI, engine: Engine
) -> None:
    """The client asks for base64 by itself and unpacks it; floats when told so."""
    packed = client.embeddings.create(model=MODEL, input=["a", "bb"])
    assert engine.last()["encoding_format"] == "base64"
    plain = client.embeddings.create(model=MODEL, input=["a", "bb"], encoding_format="float")
    for answer in (packed, plain):
        assert [one.embedding for one in answer.data] == [[1.0, 0.0, 1.0], [2.0, 1.0, 1.0]]
        assert answer.usage.prompt_tokens == 2


def test_a_response_is_created_with_its_thought(client: openai.OpenAI) -> None:
    """Text, reasoning and counts by the client's own types."""
    answer = client.responses.create(model=MODEL, input="think about it")
    assert answer.status == "completed"
    assert answer.output_text == words(5)
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.usage is not None
    assert answer.usage.output_tokens == 8
    assert answer.usage.output_tokens_details.reasoning_tokens == 3


def test_a_response_is_streamed_in_events(client: openai.OpenAI) -> None:
    """From created to completed, and the parts are the whole."""
    events = list(client.responses.create(model=MODEL, input="Hello!", stream=True))
    kinds = [event.type for event in events]
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == words(5)
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(numbers)


def test_a_response_calls_a_tool_and_hears_its_result(client: openai.OpenAI) -> None:
    """Two turns, the first streamed through the client's accumulator."""
    asked: Any = [{"role": "user", "content": "please call it"}]
    with client.responses.stream(model=MODEL, input=asked, tools=[WEATHER]) as stream:
        for _ in stream:
            pass
        first = stream.get_final_response()
    (call,) = first.output
    assert call.type == "function_call"
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "a city"})
    history = [
        *asked,
        {"type": "function_call", "call_id": call.call_id, "name": call.name,
         "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": "rain"},
    ]  # fmt: skip
    second = client.responses.create(model=MODEL, input=history, tools=[WEATHER])
    assert second.output_text == "The tool said rain"


def test_a_conversation_goes_on_from_its_last_response(
    client: openai.OpenAI, engine: Engine, served: StudioServer
) -> None:
    """By the id that the client was told, and by one that the other lane told it."""
    first = client.responses.create(model=MODEL, input="Hello!", store=True)
    client.responses.create(model=MODEL, input="and?", previous_response_id=first.id)
    assert engine.last()["previous_response_id"].startswith("resp_")
    other = httpx.post(
        f"{served.v1}/responses",
        json={"model": MODEL, "input": "Hello!"},
        headers={"x-studio-lane": "direct"},
        timeout=30,
    ).json()["id"]
    client.responses.create(model=MODEL, input="and?", previous_response_id=other)
    assert engine.last()["previous_response_id"] == other


class Place(pydantic.BaseModel):
    """What is asked for in structured output."""

    name: str
    height: float


def test_a_structured_response_is_parsed_by_the_client(client: openai.OpenAI) -> None:
    """`text.format` reaches the engine."""
    answer = client.responses.parse(model=MODEL, input="where", text_format=Place)
    assert answer.output_parsed == Place(name="a name", height=1.5)


def test_the_length_of_a_response_is_limited(
    client: openai.OpenAI, engine: Engine, lane: str
) -> None:
    """Exactly on the direct lane; LiteLLM asks for sixteen tokens at least, as OpenAI does."""
    engine.turn(tokens=20)
    answer = client.responses.create(model=MODEL, input="Hello!", max_output_tokens=4)
    assert answer.status == "incomplete"
    assert answer.output_text == words(4 if lane == "direct" else 16)


def test_speech_is_heard_and_spoken(client: openai.OpenAI, engine: Engine) -> None:
    """A file goes up whole, and bytes come back whole."""
    heard = client.audio.transcriptions.create(
        model=MODEL, file=("speech.wav", WAV, "audio/wav"), language="de"
    )
    assert heard.text.endswith("bytes were heard")
    form = engine.seen()[-1]["body"].encode("latin-1")
    assert WAV in form
    spoken = client.audio.speech.create(model=MODEL, voice="alloy", input="Hello!")
    assert spoken.content == b"RIFFHello!"
