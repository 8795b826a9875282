"""How many events carry content, and how far apart they are."""

import pytest

from core.gateway.answer import EventStream, answer_of
from core.gateway.paths import ALLOWED
from core.gateway.pieces import Pieces

MESSAGES = [
    b'event: message_start\ndata: {"message":{"content":[],"usage":{"input_tokens":3}}}\n\n',
    b'event: content_block_start\ndata: {"content_block":{"type":"text","text":""}}\n\n',
    b'event: content_block_delta\ndata: {"delta":{"type":"thinking_delta","thinking":"Hm"}}\n\n',
    b'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"Hi"}}\n\n',
    b'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":" you"}}\n\n',
    b'event: message_delta\ndata: {"usage":{"output_tokens":9}}\n\n',
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
]
RESPONSES = [
    b'event: response.created\ndata: {"type":"response.created","response":{"output":[]}}\n\n',
    b'event: response.output_text.delta\ndata: {"delta":"Hi","logprobs":[]}\n\n',
    b'event: response.output_text.delta\ndata: {"delta":" you","logprobs":[]}\n\n',
    b'event: response.output_text.done\ndata: {"text":"Hi you"}\n\n',
    b'event: response.completed\ndata: {"response":{"output":[{"text":"Hi you"}]}}\n\n',
]


class Ticking:
    """A second for each look."""

    seconds = 0.0

    def __call__(self) -> float:
        """Now."""
        self.seconds += 1.0
        return self.seconds


def chat(**delta: str) -> bytes:
    """One event of a chat."""
    told = ",".join(f'"{name}":"{text}"' for name, text in delta.items())
    return b'data: {"choices":[{"delta":{%s},"finish_reason":null}]}\n\n' % told.encode()


@pytest.mark.parametrize(("events", "count"), [(MESSAGES, 3), (RESPONSES, 2)])
def test_events_with_content_are_counted(events: list[bytes], count: int) -> None:
    """Beginnings, ends and the whole text told once more are none."""
    pieces = Pieces()
    for event in events:
        pieces.feed(event)
    assert pieces.count == count


def test_whatever_a_model_says_counts() -> None:
    """Reasoning, then content, then a tool's arguments; roles and empty strings do not."""
    pieces = Pieces()
    pieces.feed(chat(role="assistant", content=""))
    pieces.feed(chat(reasoning="Hm") + chat(reasoning="Well"))
    pieces.feed(chat(content="Hi"))
    pieces.feed(chat(name="f", arguments=""))
    pieces.feed(chat(arguments="{}") + chat(content=""))
    assert pieces.count == 4


def test_the_time_between_is_a_mean() -> None:
    """From the first to the last."""
    pieces = Pieces(Ticking())
    assert pieces.itl_ms is None
    for _ in range(3):
        pieces.feed(chat(content="x"))
    assert pieces.itl_ms == 1000.0


def test_where_an_engine_does_not_count_pieces_stand_for_tokens() -> None:
    """Told as an estimate; on the gateway's lane LiteLLM counts, and nothing is estimated."""
    stream = [chat(content="a"), chat(content="b"), b"data: [DONE]\n\n"]
    last = ALLOWED[b"/v1/chat/completions"].last
    ours, litellms = EventStream(last, exact=True), EventStream(last)
    for event in stream:
        ours.feed(event)
        litellms.feed(event)
    assert (ours.tokens.completion, ours.estimated) == (2, True)
    assert (litellms.tokens.completion, litellms.estimated) == (None, False)


def test_a_stream_cut_short_is_counted_by_what_came() -> None:
    """Anthropic's streams begin with a count of nothing, which is no more true later."""
    answer = answer_of(b"text/event-stream", ALLOWED[b"/v1/messages"].last, exact=True)
    for event in MESSAGES[:-2]:
        answer.feed(event)
    assert (answer.tokens.prompt, answer.tokens.completion, answer.estimated) == (3, 3, True)
    answer.feed(b"".join(MESSAGES[-2:]))
    assert (answer.tokens.completion, answer.estimated) == (9, False)
