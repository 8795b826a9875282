"""Errors as each kind of client expects them."""

import json

import pytest

from core.errors import EngineFailure, Invalid, NotAllowed, Refused, StudioError, Unavailable
from core.gateway.dialects import anthropic_error, error_event, openai_error
from core.gateway.errors import ModelNotFound, TooMany, WaitedTooLong, WrongMethod


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Invalid("x", field="model"), 400, "invalid_request_error"),
        (NotAllowed("x"), 403, "permission_error"),
        (ModelNotFound("m"), 404, "invalid_request_error"),
        (WrongMethod("GET", "/v1/x"), 405, "invalid_request_error"),
        (Refused("x"), 409, "invalid_request_error"),
        (TooMany("x"), 429, "rate_limit_error"),
        (EngineFailure("x"), 502, "server_error"),
        (Unavailable("x"), 503, "server_error"),
        (EngineFailure("x", code="load-timeout"), 504, "server_error"),
        (WaitedTooLong("x"), 504, "server_error"),
    ],
)
def test_openai_clients_get_an_error_object_with_all_its_fields(
    error: StudioError, status: int, kind: str
) -> None:
    """message, type, param and code, always an object."""
    told, _, body = openai_error(error)
    fields = json.loads(body)["error"]
    assert (told, fields["type"]) == (status, kind)
    assert fields["code"] == error.code
    assert {"message", "param"} <= set(fields)


def test_an_unknown_model_is_told_with_its_name() -> None:
    """As OpenAI tells it (C05)."""
    status, _, body = openai_error(ModelNotFound("gpt-9"))
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (404, "model_not_found")
    assert "gpt-9" in error["message"]


def test_whoever_may_come_back_is_told_when() -> None:
    """Retry-After in whole seconds, never nought."""
    for error in (TooMany("x", retry_after=0.2), Unavailable("x", retry_after=4.1)):
        headers = dict(openai_error(error)[1])
        assert int(headers[b"retry-after"]) >= 1


def test_a_dead_engine_is_told_with_its_last_words() -> None:
    """Many clients show nothing but the message (C28)."""
    failure = EngineFailure("a ended", exit_code=3, lines=("CUDA out of memory",))
    error = json.loads(openai_error(failure)[2])["error"]
    assert "exit code 3" in error["message"]
    assert "CUDA out of memory" in error["message"]
    assert error["lines"] == ["CUDA out of memory"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelNotFound("m"), "not_found_error"),
        (TooMany("x"), "rate_limit_error"),
        (Unavailable("x"), "overloaded_error"),
        (EngineFailure("x"), "api_error"),
        (Invalid("x"), "invalid_request_error"),
    ],
)
def test_anthropic_clients_get_their_own_shape(error: StudioError, kind: str) -> None:
    """`type: error` outside, the kind inside."""
    body = json.loads(anthropic_error(error)[2])
    assert (body["type"], body["error"]["type"]) == ("error", kind)


def test_the_last_event_of_a_broken_stream_is_one_event() -> None:
    """It ends with a blank line, has no [DONE], and parses."""
    error = StudioError("it broke\noff")
    for dialect in ("openai", "responses", "anthropic"):
        event = error_event(dialect, error)
        assert event.endswith(b"\n\n")
        assert event.count(b"\n\n") == 1
        assert b"[DONE]" not in event
        data = next(line for line in event.split(b"\n") if line.startswith(b"data: "))
        assert "error" in json.loads(data[6:])
