"""`/v1`: the listing is ours, everything else is the gateway's hot path."""

from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import asgi
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from core.application import Application
from core.gateway.dialects import Dialect, error_answer
from core.gateway.errors import ModelNotFound, WrongMethod
from core.gateway.listing import find_model, list_models
from core.gateway.paths import path_of

LISTING = b"/v1/models"


def v1_app(application: Application) -> Any:
    """Plain ASGI, for every path below `/v1`."""

    async def v1(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            await application.websockets(scope, receive, send)  # type: ignore[arg-type]  # ASGI
            return
        path = path_of(scope)
        if path == LISTING or path.startswith(LISTING + b"/"):
            rest = unquote(path[len(LISTING) :].decode())
            key_id = scope["state"]["asking"].key_id
            dialect = _listing_dialect(scope["headers"])
            await answer_listing(application, key_id, str(scope.get("method")), rest, send, dialect)
        else:
            await application.proxy(scope, receive, send)  # type: ignore[arg-type]  # the same

    return v1


def v1_mount(app: Any) -> Any:
    """A mount without middleware, parsing or body limit: the whole of `/v1`, for the framework."""

    @asgi("/v1", is_mount=True, copy_scope=True)
    async def v1(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return v1


async def answer_listing(
    application: Application,
    key_id: str | None,
    method: str,
    rest: str,
    send: Any,
    dialect: Dialect = "openai",
) -> None:
    """All models that the key may ask, or the one that `rest` names; names may hold slashes."""
    if method not in ("GET", "HEAD"):
        wrong = WrongMethod(method, "/v1/models", "GET, HEAD")
        await send_all(send, *error_answer(dialect, wrong))
        return
    entries, status = application.book.all(), application.studio.look()
    name = rest.strip("/")
    offers = application.offers
    permits = partial(application.limits.gate.permits, key_id)
    found: dict[str, Any] | None = None
    if not name:
        found = list_models(entries, status, offers, permits)
    elif permits(name):
        found = find_model(entries, status, name, offers)
    if found is not None:
        body = msgspec.json.encode(found)
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send_all(send, 200, headers, b"" if method == "HEAD" else body)
        return
    await send_all(send, *error_answer(dialect, ModelNotFound(name)))


def _listing_dialect(headers: Iterable[tuple[bytes, bytes]]) -> Dialect:
    """Both ask the same address; Anthropic's clients always say which version they speak."""
    return "anthropic" if any(name == b"anthropic-version" for name, _ in headers) else "openai"


async def send_all(send: Any, status: int, headers: Any, content: bytes) -> None:
    """A whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
