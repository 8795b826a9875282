"""Answers that are given before routing: refusals in the path's dialect, and CORS preflights."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from core.gateway.websocket_handshake import denying

Send = Callable[[Any], Awaitable[None]]

PREFLIGHT_S = b"600"
KINDS = {401: "authentication_error", 503: "api_error"}


async def refuse(
    scope: Any, send: Send, status: int, code: str, detail: str, *, next_action: str = ""
) -> None:
    """The OpenAI error object under `/v1`, problem details elsewhere."""
    if scope["type"] == "websocket":
        send = denying(scope, send)
    if scope["path"].startswith("/v1"):
        kind = KINDS.get(status, "permission_error")
        detail = f"{detail}. What to do: {next_action}" if next_action else detail
        body: dict[str, Any] = {
            "error": {"message": detail, "type": kind, "code": code, "param": None}
        }
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


async def preflight_answer(send: Send, origin: bytes) -> None:
    """Yes, that page may ask."""
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-allow-headers", b"authorization, content-type, x-api-key"),
        (b"access-control-max-age", PREFLIGHT_S),
        (b"vary", b"origin"),
    ]
    await answer(send, 204, headers, b"")


def with_origin(send: Send, origin: bytes) -> Send:
    """Tell the browser that this page may see the answer."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            allowed = [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
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
