"""The two handshakes of a websocket: what the client asks for, and the engine's own upgrade."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote, unquote_plus

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from core.errors import Invalid, StudioError
from core.gateway.body import demand_a_name
from core.gateway.calls import WEBSOCKET
from core.gateway.errors import UpstreamLost
from core.gateway.litellm_config import Endpoint

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_MESSAGE = 16 * 1024 * 1024
OPEN_S = 10.0
CLOSE_S = 1.0
IN_PROTOCOL = "openai-insecure-api-key."  # a client's key: not for the engine


class EngineRefused(StudioError):
    """The engine answered the upgrade with something else, which is the client's to read."""

    def __init__(self, refused: InvalidStatus) -> None:
        super().__init__("the engine refused the websocket", code="engine_refused")
        self.status = refused.response.status_code
        self.body = bytes(refused.response.body or b"")
        kind = refused.response.headers.get("content-type", "application/json")
        self.content_type = kind.encode("latin-1", "replace")


def asked_model(scope: Scope) -> str:
    """The one model in the query. Raises Invalid when it names none, two, or what is no name."""
    named = [part.partition("=")[2] for part in _query_parts(scope) if _names_a_model(part)]
    if len(named) > 1:
        raise Invalid("The address names two models", field="model", code="invalid_query")
    if not named or not named[0]:
        raise Invalid(
            "The address does not name a model: ?model=…", field="model", code="missing_model"
        )
    model = unquote_plus(named[0])
    demand_a_name(model)
    return model


def query_for(scope: Scope, model: str) -> str:
    """The client's query as it was written, with the model as the engine calls it."""
    named = f"model={quote(model, safe='')}"
    return "&".join(named if _names_a_model(p) else p for p in _query_parts(scope))


def _names_a_model(part: str) -> bool:
    """As an engine reads it: `mod%65l` is no other name."""
    return unquote_plus(part.partition("=")[0]) == "model"


async def upgraded(scope: Scope, endpoint: Endpoint, model: str) -> ClientConnection:
    """The engine's side, open, asked for `model`. Raises EngineRefused or UpstreamLost."""
    offered = [p for p in scope.get("subprotocols", ()) if not p.startswith(IN_PROTOCOL)]
    key = endpoint.api_key
    try:
        return await connect(
            f"ws://{endpoint.host}:{endpoint.port}{WEBSOCKET}?{query_for(scope, model)}",
            additional_headers={"authorization": f"Bearer {key}"} if key else {},
            subprotocols=[Subprotocol(p) for p in offered] or None,
            user_agent_header=None,
            compression=None,
            proxy=None,
            max_size=MAX_MESSAGE,
            ping_interval=None,  # on loopback a dead engine shows by itself
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
        )
    except InvalidStatus as refused:
        raise EngineRefused(refused) from None
    except (OSError, InvalidHandshake) as error:
        raise UpstreamLost(f"the engine did not take the websocket: {error}") from None


def denying(scope: Scope, send: Send) -> Send:
    """What would answer a request refuses a websocket: in words where the server can say them."""
    in_words = "websocket.http.response" in (scope.get("extensions") or {})

    async def sending(message: MutableMapping[str, Any]) -> None:
        if in_words:
            await send({**message, "type": f"websocket.{message['type']}"})
        elif message["type"] == "http.response.start":
            await send({"type": "websocket.close", "code": 1008})

    return sending


def _query_parts(scope: Scope) -> list[str]:
    return bytes(scope.get("query_string", b"")).decode("latin-1").split("&")
