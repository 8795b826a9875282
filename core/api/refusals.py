"""Answers that are given before routing: refusals in the path's dialect, and CORS preflights."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from core.gateway.dialects import ANTHROPIC_TYPES
from core.gateway.paths import dialect_of, path_of
from core.gateway.websocket_handshake import denying

Send = Callable[[Any], Awaitable[None]]

PREFLIGHT_S = b"600"
KINDS = {401: "authentication_error", 503: "api_error"}
ASKED = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
LONGEST_ASKED = 4096  # bytes of header names that a page may want to send
USUAL = b"authorization, content-type, x-api-key"


async def refuse(
    scope: Any, send: Send, status: int, code: str, detail: str, *, next_action: str = ""
) -> None:
    """The path's own error object under `/v1`, problem details elsewhere."""
    if scope["type"] == "websocket":
        send = denying(scope, send)
    if scope["path"].startswith("/v1"):
        detail = f"{detail}. What to do: {next_action}" if next_action else detail
        body = _in_dialect(path_of(scope), status, code, detail)
        media = b"application/json"
    else:
        body = {"type": f"about:blank#{code}", "title": "Refused", "status": status}
        body |= {"detail": detail, "code": code}
        body |= {"next_action": next_action} if next_action else {}
        media = b"application/problem+json"
    headers = [(b"content-type", media)]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="vllm-studio"'))
    await answer(send, status, headers, msgspec.json.encode(body))


def _in_dialect(path: bytes, status: int, code: str, detail: str) -> dict[str, Any]:
    if dialect_of(path) == "anthropic":
        kind = ANTHROPIC_TYPES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": detail, "code": code}}
    kind = KINDS.get(status, "permission_error")
    return {"error": {"message": detail, "type": kind, "code": code, "param": None}}


async def preflight_answer(send: Send, asked: Mapping[bytes, bytes]) -> None:
    """Yes, that page may ask, with whatever headers its client sends (`x-stainless-os`, …)."""
    wanted = asked.get(b"access-control-request-headers", b"").strip()
    named = len(wanted) <= LONGEST_ASKED and ASKED.fullmatch(wanted) is not None
    headers = [
        (b"access-control-allow-origin", asked[b"origin"]),
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", wanted if named else USUAL),
        (b"access-control-max-age", PREFLIGHT_S),
        (b"vary", b"origin, access-control-request-headers"),
    ]
    await answer(send, 204, headers, b"")


def with_origin(send: Send, origin: bytes) -> Send:
    """Tell the browser that this page may see the answer."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            allowed = [
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", b"*"),  # the request's id, limits, lane, …
                (b"vary", b"origin"),
            ]
            message = {**message, "headers": [*message.get("headers", ()), *allowed]}
        await send(message)

    return sending


def while_allowed(send: Send, allowed: Callable[[], bool]) -> Send:
    """Send on for as long as that holds; then the answer ends, and what follows is dropped."""
    ended = False

    async def sending(message: Any) -> None:
        nonlocal ended
        if ended:
            return
        if message["type"] == "http.response.body" and message.get("more_body") and not allowed():
            ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return sending


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """A whole answer."""
    length = [(b"content-length", str(len(body)).encode())] if status != 204 else []
    await send({"type": "http.response.start", "status": status, "headers": headers + length})
    await send({"type": "http.response.body", "body": body})
