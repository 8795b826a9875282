"""A stream reads the same however its bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.chat.chunks import CallPiece, Chunks, Piece
from core.chat.inner_call import ModelFailed
from core.chat.thinking import ThinkSplitter
from tests.core.chat.scripted import DONE, chunk

STREAM = b"".join(
    (
        b": a pulse\n\n",
        chunk("", role="assistant"),
        chunk("", reasoning_content="hm, ünd 思"),
        chunk("Grüße", reasoning="x"),
        b"event: message\r\ndata: " + chunk(" an alle")[6:].replace(b"\n", b"\r\n"),
        chunk(
            "", tool_calls=[{"index": 1, "id": "c1", "function": {"name": "t", "arguments": "{"}}]
        ),
        chunk("", finish="stop"),
        b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 9}}\n\n',
        DONE,
    )
)


def read(*parts: bytes) -> tuple[list[Piece], bool]:
    """What a stream says, and whether it ended by itself."""
    chunks = Chunks()
    return [piece for part in parts for piece in chunks.feed(part)], chunks.done


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_the_cuts_change_nothing(cuts: list[int]) -> None:
    """Also in the middle of a letter, of a line break, of an event."""
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[a:b] for a, b in pairwise(edges)]
    assert read(*parts) == read(STREAM)


def test_what_it_says() -> None:
    """Text, both names of reasoning, tool calls, why it ended, counts, and that it did."""
    pieces, done = read(STREAM)
    assert done
    assert "".join(one.text for one in pieces) == "Grüße an alle"
    assert "".join(one.reasoning for one in pieces) == "hm, ünd 思x"
    assert [one.finish for one in pieces if one.finish] == ["stop"]
    assert pieces[-1].prompt_tokens == 3
    assert pieces[-1].completion_tokens == 9
    called = [one.calls for one in pieces if one.calls]
    assert called == [(CallPiece(index=1, id="c1", name="t", arguments="{"),)]


def test_a_stream_that_breaks_off_is_not_done() -> None:
    """Whoever reads can tell."""
    assert read(chunk("a")) == ([Piece(text="a")], False)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b'data: {"error": {"message": "out of memory", "code": 500}}\n\n', "out of memory"),
        (b"data: <html>\n\n", "could not be read"),
        (b'data: {"choices": 7}\n\n', "could not be read"),
    ],
)
def test_what_is_no_answer_is_an_error(event: bytes, words: str) -> None:
    """In the engine's words, where it has any."""
    with pytest.raises(ModelFailed, match=words):
        read(event)


@given(st.integers(1, 9), st.sampled_from(["", "\n", "  \n"]))
def test_thoughts_between_tags_are_told_from_the_answer(size: int, blank: str) -> None:
    """In pieces of any size; blank lines between them belong to neither."""
    text = f"{blank}<think>{blank}a < b </th ink</think>\n\nYes, <think>."
    assert split(text, size) == ("a < b </th ink", "Yes, <think>.")


@pytest.mark.parametrize("text", ["", "plain", "<thin", "<b>", "a <think>b</think>"])
@pytest.mark.parametrize("size", [1, 3, 99])
def test_an_answer_without_thoughts_is_left_as_it_is(text: str, size: int) -> None:
    """Only a text that begins with the tag is a thought."""
    assert split(text, size) == ("", text)


def test_a_thought_that_never_ends_is_a_thought() -> None:
    """To its last letter."""
    assert split("<think>on and </thi", 2) == ("on and </thi", "")


def split(text: str, size: int) -> tuple[str, str]:
    """Thought and answer of a text that comes in pieces."""
    splitter = ThinkSplitter()
    parts = [splitter.push(text[at : at + size]) for at in range(0, len(text), size)]
    parts.append(splitter.finish())
    return "".join(p.reasoning for p in parts), "".join(p.text for p in parts)
