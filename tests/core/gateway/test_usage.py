"""Token counts, found without decoding the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateway.usage import Tokens, UsageFinder, tokens_of

CHAT = (
    b'data: {"choices":[{"delta":{"content":"\\"usage\\": {\\"prompt_tokens\\": 99}"}}],'
    b'"usage":null}\n\n'
    b'data: {"choices":[],"usage": {"prompt_tokens":11,"completion_tokens":7,'
    b'"prompt_tokens_details":{"cached_tokens":3},"total_tokens":18}}\n\ndata: [DONE]\n\n'
)
MESSAGES = (
    b'event: message_start\ndata: {"message":{"usage":{"input_tokens":4,"output_tokens":0}}}\n\n'
    b'event: message_delta\ndata: {"usage": {"output_tokens": 25, "cache_read_input_tokens": 6,'
    b' "input_tokens": 4}}\n\n'
)


def found(*pieces: bytes) -> Tokens:
    """What a finder sees in these pieces."""
    finder = UsageFinder()
    for piece in pieces:
        finder.feed(piece)
    return finder.tokens


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` in pieces."""
    places = sorted({cut % len(data) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.lists(st.integers(min_value=0), max_size=12))
def test_counts_do_not_depend_on_how_the_answer_is_cut(cuts: list[int]) -> None:
    """In whatever pieces it comes, the same is found."""
    assert found(*split(CHAT, cuts)) == Tokens(prompt=11, completion=7, cached=3)
    assert found(*split(MESSAGES, cuts)) == Tokens(prompt=10, completion=25, cached=6)


def test_every_byte_alone_is_enough() -> None:
    """The smallest pieces there are."""
    assert found(*(CHAT[i : i + 1] for i in range(len(CHAT)))).completion == 7


@pytest.mark.parametrize("count", [b"-700", b"1000000001", b"1" + b"0" * 30, b"true", b"1.5"])
def test_a_count_that_can_not_be_is_none(count: bytes) -> None:
    """A tool's input stands in an answer as it is: a model could earn its key money there."""
    fake = b'{"input":{"usage":{"prompt_tokens":' + count + b',"completion_tokens":' + count + b"}}"
    assert found(fake + b"}") == Tokens()
    real = found(fake + b',"usage":{"prompt_tokens":3,"completion_tokens":4}}')
    assert (real.prompt, real.completion) == (3, 4)


def test_a_model_that_talks_about_usage_fools_nobody() -> None:
    """Quotes inside text are escaped."""
    assert found(b'{"content":"{\\"usage\\":{\\"prompt_tokens\\":5}}"}') == Tokens()


@pytest.mark.parametrize(
    "data", [b'"usage"', b'"usage":', b'"usage":{"a', b'"usage" x', b'"usage":{"a":' + b"[" * 9000]
)
def test_what_is_no_usage_is_passed_over(data: bytes) -> None:
    """Torn, foreign or absurd objects count nothing, and what follows is still found."""
    assert found(data) == Tokens()
    after = b" " * 5000 + b'"usage":{"prompt_tokens":1,"completion_tokens":2}'
    if not data.endswith((b'"usage"', b":", b"a")):
        assert found(data, after).completion == 2


def test_every_dialect_is_read() -> None:
    """Chat, responses, messages, embeddings, audio."""
    assert tokens_of({"prompt_tokens": 3, "total_tokens": 3}) == Tokens(prompt=3)
    assert tokens_of(
        {"input_tokens": 8, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}}
    ) == Tokens(prompt=8, completion=2, cached=4)
    details = {"reasoning_tokens": 6}
    assert tokens_of({"completion_tokens_details": details}) == Tokens(reasoning=6)
    assert tokens_of({"output_tokens": 9, "output_tokens_details": details}) == Tokens(
        completion=9, reasoning=6
    )
    assert tokens_of({"type": "duration", "seconds": 3}) == Tokens()
    assert tokens_of({"prompt_tokens": True, "completion_tokens": "x"}) == Tokens()
