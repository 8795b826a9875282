"""`/v1`: the listing is ours, everything else is the gateway's hot path."""

from typing import Any

import msgspec
from litestar import asgi
from litestar.types import Receive, Scope, Send

from core.application import Application
from core.gateway.listing import list_models


def v1_mount(application: Application) -> Any:
    """A plain ASGI mount: no middleware, no parsing, no body limit of the framework's."""

    @asgi("/v1", is_mount=True, copy_scope=True)
    async def v1(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and raw.rstrip(b"/") == b"/v1/models"
        ):
            await send_json(send, list_models(application.book.all(), application.studio.status()))
            return
        await application.proxy(scope, receive, send)

    return v1


async def send_json(send: Any, body: Any) -> None:
    """A whole JSON answer."""
    content = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
