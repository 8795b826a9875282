"""What a request leaves unsaid about streams is said for it."""

import json

import pytest

from core.gateway.body import peek_json
from core.gateway.paths import ALLOWED
from core.gateway.proxy import _checked


def test_a_response_that_wants_no_stream_says_so() -> None:
    """Everything else stays as it was written, to the byte."""
    data = b'{ "model": "m",\n "input": 1e400 }\n'
    body = _checked(ALLOWED[b"/v1/responses"], data, "")
    assert body.data == b'{ "model": "m",\n "input": 1e400 ,"stream":false}'
    assert not body.stream
    assert json.loads(body.sent("other", None)) == {
        "model": "other",
        "input": float("inf"),
        "stream": False,
    }


@pytest.mark.parametrize("told", [b"true", b"false", b"null"])
def test_what_was_said_stays(told: bytes) -> None:
    """Also where it says nothing in so many words: engines take null for no."""
    data = b'{"model": "m", "input": "x", "stream": %b}' % told
    assert _checked(ALLOWED[b"/v1/responses"], data, "").data is data


def test_other_paths_are_left_as_they_are() -> None:
    """Their default is right everywhere."""
    data = b'{"model": "m", "messages": []}'
    assert _checked(ALLOWED[b"/v1/chat/completions"], data, "") == peek_json(data)
