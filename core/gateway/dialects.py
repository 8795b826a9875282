"""The clients' own ways to say that something went wrong: OpenAI's and Anthropic's.

One error becomes a status, headers and a body for an answer that has not begun, or one last event
for a stream that has. Shapes: OpenAI `{"error": {message, type, param, code}}`; Anthropic
`{"type": "error", "error": {type, message}}`.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from core.errors import EngineFailure, StudioError, Unavailable
from core.gateway.errors import Cut, WrongMethod
from core.gateway.routes import Header

Dialect = Literal["openai", "responses", "anthropic"]
Answer = tuple[int, list[Header], bytes]  # status, headers, body

OPENAI_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
ANTHROPIC_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
ON_PURPOSE = ("cancelled", "revoked")  # of cuts: a client that tries again by itself undoes them
LOAD_TIMED_OUT = ("load-timeout", "load_timeout", "timeout")  # of the engines' diagnoses


def error_answer(dialect: Dialect, error: StudioError) -> Answer:
    """The answer to a request that can not be served, in the dialect it was asked in."""
    return anthropic_error(error) if dialect == "anthropic" else openai_error(error)


def openai_error(error: StudioError) -> Answer:
    """Status, headers and body as OpenAI's API would send them."""
    return _answer(error, {"error": _openai_object(error)})


def anthropic_error(error: StudioError) -> Answer:
    """Status, headers and body as Anthropic's API would send them."""
    return _answer(error, _anthropic_object(error))


def error_event(dialect: Dialect, error: StudioError) -> bytes:
    """The last event of a stream that broke. No `[DONE]` follows: it is not done."""
    if dialect == "anthropic":
        return b"event: error\ndata: " + msgspec.json.encode(_anthropic_object(error)) + b"\n\n"
    told = _openai_object(error)
    if dialect == "responses":
        event = {"type": "error", "code": told["code"], "message": told["message"], "param": None}
        return b"event: error\ndata: " + msgspec.json.encode(event | {"error": told}) + b"\n\n"
    return b"data: " + msgspec.json.encode({"error": told}) + b"\n\n"


def refusal_event(dialect: Dialect, body: bytes) -> bytes:
    """An upstream's refusal, body and all, as the last event of a stream that had begun."""
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        told = {}
    if "error" not in told:
        words = body.decode("utf-8", "replace")[:500] or "the engine gave no answer"
        return error_event(dialect, StudioError(words, code="upstream_error"))
    name = b"event: error\n" if dialect != "openai" else b""
    return name + b"data: " + msgspec.json.encode(told) + b"\n\n"


def status_of(error: StudioError) -> int:
    """The HTTP status; a load that never ended is a timeout of ours, not a broken engine."""
    if isinstance(error, EngineFailure) and error.code in LOAD_TIMED_OUT:
        return 504
    return error.status


def _answer(error: StudioError, body: Mapping[str, Any]) -> Answer:
    data = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(data)).encode()),
    ]
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", str(max(1, math.ceil(error.retry_after))).encode()))
    headers += getattr(error, "headers", ())  # such as a key's limits
    if isinstance(error, Cut) and error.code in ON_PURPOSE:
        headers.append((b"x-should-retry", b"false"))  # OpenAI's and Anthropic's clients obey it
    if isinstance(error, WrongMethod):
        headers.append((b"allow", error.allow.encode()))
    return status_of(error), headers, data


def _openai_object(error: StudioError) -> dict[str, Any]:
    status = status_of(error)
    kind = OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    told: dict[str, Any] = {
        "message": _sentence(error),
        "type": kind,
        "param": getattr(error, "field", None),
        "code": error.code,
    }
    return told | _extras(error)


def _anthropic_object(error: StudioError) -> dict[str, Any]:
    status = status_of(error)
    kind = ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    told: dict[str, Any] = {"type": kind, "message": _sentence(error), "code": error.code}
    return {"type": "error", "error": told | _extras(error)}


def _extras(error: StudioError) -> dict[str, Any]:
    """What clients may ignore and people are glad of."""
    extras: dict[str, Any] = {}
    if error.next_action:
        extras["next_action"] = error.next_action
    if isinstance(error, EngineFailure):
        extras |= {"exit_code": error.exit_code, "lines": list(error.lines)}
        if error.remedy:
            extras["remedy"] = error.remedy
    return extras


def _sentence(error: StudioError) -> str:
    """The message; for a failed engine with its last words, since many clients show only this."""
    if isinstance(error, EngineFailure) and error.lines:
        code = "" if error.exit_code is None else f" (exit code {error.exit_code})"
        return "\n".join((f"{error.message}{code}", *error.lines))
    return error.message
