"""Asking for token counts leaves no trace in the client's stream."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.gateway.answer import EventStream
from core.gateway.asked_usage import AskedUsage
from core.gateway.paths import ALLOWED
from tests.core.gateway.test_usage import split

DONE = ALLOWED[b"/v1/chat/completions"].last
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
PRINT = "vllm-0.32.0-tp1-d8af2c6e"
texts = st.lists(
    st.text(alphabet='ab"{}:[], é€😀\\\n"usage"', max_size=12).filter(bool), max_size=6
)
cuts = st.lists(st.integers(min_value=0), max_size=14)


class Engine:
    """Writes a stream as vLLM does (and SGLang, with its `usage: null`), asked to count or not."""

    def __init__(self, *, spaced: bool, end: str, stamped: bool, nulls: bool, chat: bool) -> None:
        self.separators = (", ", ": ") if spaced else (",", ":")
        self.end = end
        self.stamped = stamped  # with a system_fingerprint at the end
        self.nulls = nulls
        self.chat = chat

    def stream(self, said: list[str], *, asked: bool) -> bytes:
        """The whole of it."""
        stamp: dict[str, object] = {"system_fingerprint": PRINT} if self.stamped else {}
        first = [self.chunk([self.choice("", None)])] if self.chat else []
        content = [self.chunk([self.choice(text, None)]) for text in said]
        last = self.chunk([self.choice("", "stop")], {} if asked else stamp)
        count = [self.chunk([], {"usage": USAGE, **stamp})] if asked else []
        return "".join([*first, *content, last, *count, self.event("[DONE]")]).encode()

    def choice(self, text: str, reason: str | None) -> dict[str, object]:
        """One answer's part."""
        what: dict[str, object] = {"delta": {"content": text}} if self.chat else {"text": text}
        return {"index": 0, **what, "logprobs": None, "finish_reason": reason}

    def chunk(self, choices: list[object], more: dict[str, object] | None = None) -> str:
        """One event."""
        nothing = {"usage": None} if self.nulls else {}
        told = {"id": "c", "model": "m", "choices": choices, **nothing, **(more or {})}
        return self.event(json.dumps(told, separators=self.separators, ensure_ascii=False))

    def event(self, data: str) -> str:
        """As it goes over the wire."""
        return f"data: {data}{self.end}{self.end}"


engines = st.builds(
    Engine,
    spaced=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    stamped=st.booleans(),
    nulls=st.booleans(),
    chat=st.booleans(),
)


def through(answer: EventStream, pieces: list[bytes]) -> bytes:
    """Everything that reaches the client."""
    return b"".join(answer.feed(piece) for piece in pieces) + answer.end()


@settings(max_examples=200)
@given(engines, texts, cuts)
def test_a_client_gets_what_it_would_have_got_had_nobody_asked(
    engine: Engine, said: list[str], places: list[int]
) -> None:
    """Byte for byte, in every cutting; and the counts are known all the same."""
    asked = split(engine.stream(said, asked=True), places)
    answer = EventStream(DONE, exact=True, asked_usage=True)
    assert through(answer, asked) == engine.stream(said, asked=False)
    assert (answer.tokens.prompt, answer.tokens.completion) == (11, 7)
    assert not answer.estimated
    assert answer.pieces == len(said)


@given(engines, texts, cuts)
def test_a_client_that_asks_itself_gets_its_counts(
    engine: Engine, said: list[str], places: list[int]
) -> None:
    """Nothing is touched then."""
    stream = engine.stream(said, asked=True)
    assert through(EventStream(DONE, exact=True), split(stream, places)) == stream


@settings(max_examples=50)
@given(engines, texts, cuts, st.integers(min_value=0))
def test_a_stream_that_breaks_off_is_exact_up_to_there(
    engine: Engine, said: list[str], places: list[int], at: int
) -> None:
    """Whatever was passed on, the engine would have said."""
    stream = engine.stream(said, asked=True)
    torn = stream[: at % len(stream) or 1]
    answer = EventStream(DONE, exact=True, asked_usage=True)
    passed = b"".join(answer.feed(piece) for piece in split(torn, places))
    assert engine.stream(said, asked=False).startswith(passed)


def test_an_event_that_finishes_waits_for_nothing_but_the_next() -> None:
    """What comes between it and the count keeps its place."""
    asked = AskedUsage()
    finish, ping = b'data: {"choices":[{"finish_reason":"stop"}]}\n\n', b": ping\n\n"
    count = b'data: {"choices":[],"usage":{},"system_fingerprint":"f"}\n\n'
    assert asked.feed(finish) == b""
    assert asked.feed(ping) == finish + ping
    assert asked.feed(count) == b""
    assert asked.end() == b""


def test_only_one_event_was_asked_for() -> None:
    """A second one is the engine's own."""
    count = b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n'
    assert AskedUsage().feed(count + count) == count


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[{"delta":{"usage":{"a":1}}}]}\n\n',
        b'data: {"usage":{"a":1}}\n\n',
        b'data: {"choices":[{}],"usage":{"prompt_tokens":1}}\n\n',
        b'data: {"choices":[],"usage":null}\n\n',
        b'data: {"choices":[],"usage":{"prompt_tok\n\n',
        b'event: x\ndata: "usage": {\n\n',
    ],
)
def test_what_only_looks_like_it_is_left_alone(event: bytes) -> None:
    """Counts on the way, tools that talk of usage, and what is broken."""
    assert AskedUsage().feed(event) == event
