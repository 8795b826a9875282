"""What a streaming client is told while its model loads, byte by byte and through the SDKs."""

import json
from typing import Any

import pytest

from core.gateway.loading_stream import PING, ChatLoading, Loading, MessagesLoading

WEIGHTS = Loading(
    name="qwen", step="loading", phase="loading weights", percent=42.4, eta_s=12.2
)  # fmt: skip


def chat() -> ChatLoading:
    """A stream of a request."""
    return ChatLoading(request_id="r1", model="qwen", created=7)


def read(data: bytes) -> dict[str, Any]:
    """The only event in these bytes."""
    assert data.startswith(b"data: ")
    assert data.endswith(b"\n\n")
    told: dict[str, Any] = json.loads(data[6:])
    return told


@pytest.mark.parametrize(
    ("loading", "sentence"),
    [
        (WEIGHTS, "Loading qwen: 42 % (loading weights), about 10 s left"),
        (
            Loading(name="q", step="loading", phase="compiling", percent=60.0),
            "Loading q: 60 % (compiling)",
        ),
        (
            Loading(name="q", step="loading", phase="compiling", percent=9.0, eta_s=9, late=True),
            "Loading q: 9 % (compiling), longer than usual",
        ),
        (Loading(name="q", step="loading"), "Loading q"),
        (
            Loading(name="q", step="draining", in_flight=3),
            "Waiting for 3 running request(s) to finish",
        ),
        (Loading(name="q", step="evicting"), "Making room for q"),
        (Loading(name="q", step="routing"), "q is ready and is being connected"),
        (
            Loading(name="q", before=2),
            "q is in the queue: 2 models are before it",
        ),
        (Loading(name="q", before=1), "q is in the queue: 1 model is before it"),
        (Loading(name="q", before=0), "Waiting for q"),
    ],
)
def test_each_step_has_a_sentence(loading: Loading, sentence: str) -> None:
    """For a person who reads it in a chat window."""
    assert loading.sentence() == sentence


def test_a_line_is_worth_its_news() -> None:
    """A new step, phase or place, or five per cent; a clock that ticks is none."""
    assert WEIGHTS.differs(None)
    near = Loading(name="qwen", step="loading", phase="loading weights", percent=46.0, eta_s=9.0)
    assert not near.differs(WEIGHTS)
    far = Loading(name="qwen", step="loading", phase="loading weights", percent=47.5)
    assert far.differs(WEIGHTS)
    assert Loading(name="qwen", step="loading", phase="compiling", percent=43.0).differs(WEIGHTS)
    assert Loading(name="q", before=0).differs(Loading(name="q", before=1))


def test_every_chunk_is_a_chunk() -> None:
    """With one id, date and model; reasoning under both of its names."""
    stream = chat()
    begin, line = read(stream.begin()), read(stream.progress(WEIGHTS))
    for chunk in (begin, line, read(stream.ready(3.25))):
        assert (chunk["id"], chunk["object"], chunk["created"], chunk["model"]) == (
            "chatcmpl-r1",
            "chat.completion.chunk",
            7,
            "qwen",
        )
        assert chunk["choices"][0]["finish_reason"] is None
    assert begin["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    delta = line["choices"][0]["delta"]
    assert delta["reasoning_content"] == delta["reasoning"] == f"{WEIGHTS.sentence()}\n"


def test_the_answer_goes_on_under_the_same_id() -> None:
    """Its chunks keep everything else; the role is told once, for clients add deltas up."""
    first = (
        b'data: {"id":"chatcmpl-x","created":99,"model":"other","object":"chat.completion.chunk",'
        b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}],"usage":1e400}\n\n'
    )
    fitted = chat().fitted(first + b"data: [DONE]\n\n")
    body, _, done = fitted.partition(b"\n\n")
    assert done == b"data: [DONE]\n\n"
    assert b'"usage":1e400' in body
    chunk = json.loads(body[6:].replace(b"1e400", b"1"))
    assert (chunk["id"], chunk["created"], chunk["model"]) == ("chatcmpl-r1", 7, "qwen")
    assert chunk["choices"] == [{"index": 0, "delta": {"content": "Hi"}}]


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":{"message":"dead","id":"x"}}\n\n',
        b"data: [DONE]\n\n",
        b": comment\n\n",
        b"data: {not json}\n\n",
    ],
)
def test_what_is_no_chunk_stays_as_it_is(event: bytes) -> None:
    """Errors, the end, comments."""
    assert chat().fitted(event) == event


def test_anthropics_stream_gets_pings() -> None:
    """And its answer's events are its own."""
    stream = MessagesLoading()
    assert stream.begin() == stream.keep_alive() == stream.ready(1.0) == PING
    assert stream.progress(WEIGHTS).endswith(PING)
    assert stream.progress(WEIGHTS).startswith(b": Loading qwen")
    event = b'event: message_start\ndata: {"type":"message_start"}\n\n'
    assert stream.fitted(event) == event
