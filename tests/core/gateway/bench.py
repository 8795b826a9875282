"""The proxy as it runs: a real uvicorn in front, a real socket behind, admission by hand."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import uvicorn

from core.clock import SystemClock
from core.errors import StudioError
from core.gateway.errors import ModelNotFound
from core.gateway.fetching import Fetching
from core.gateway.inflight import InFlight
from core.gateway.paths import ALLOWED
from core.gateway.proxy import Proxy
from core.gateway.pulse import Pulse
from core.gateway.routes import Direct, Route, Routes, RouteTable
from core.gateway.straight import Whole
from core.gateway.websocket import WebsocketBridge
from core.http_protocol import StudioProtocol
from core.recipes.recipe import EngineKind
from events.facts.usage import RequestFinished
from tests.core.gateway.tiny_upstream import until

ENGINE = (b"authorization", b"Bearer engine")
INTERNAL = (b"authorization", b"Bearer internal")


class Bench:
    """Everything around one proxy."""

    def __init__(
        self,
        *,
        key_id: str = "",
        loading: Any = None,
        choices: Any = None,
        wait_s: float = 900.0,
        gateway: Any = None,
        **proxy: Any,
    ) -> None:
        """`key_id`: every request comes with this key, as the guard would say.

        `gateway`: how LiteLLM is; otherwise as the test says (`gateway_is_ready`).
        """
        self.key_id = key_id
        self.routes = Routes()
        self.inflight = InFlight()
        self.facts: list[RequestFinished] = []
        self.refusal: StudioError | None = None
        self.admitted: list[str] = []
        self.engines: dict[str, EngineKind] = {}  # by name, as the recipes say
        self.coming: asyncio.Future[Route] | None = None  # admission waits for it
        self.pulse = Pulse()
        self.gateway_is_ready = asyncio.Event()
        self.gateway_is_ready.set()
        self.fetching = Fetching(
            routes=self.routes,
            inflight=self.inflight,
            admit=self._admit,
            gateway=gateway or self,
            clock=SystemClock(),
            wait_s=wait_s,
            loading=loading,
            choices=choices,
            gate=proxy.get("gate"),
            engine_of=self.engines.get,
        )
        self.proxy = Proxy(
            fetching=self.fetching, finished=self.facts.append, clock=SystemClock(), **proxy
        )
        self.goes_straight = True  # whether what can go straight is let go straight
        self.went_straight = 0
        self.leaving: list[Callable[[], None]] = []  # clients that are to leave at the end
        self.endpoint: SimpleNamespace | None = None  # the engine, for websockets
        self.idle_s = 0.0
        self.websockets = WebsocketBridge(
            routes=self.routes,
            inflight=self.inflight,
            calls=self.proxy.calls,
            admit=self._admit,
            endpoint_of=lambda recipe_id: self.endpoint,
            finished=self.facts.append,
            clock=SystemClock(),
            idle_s=lambda: self.idle_s,
            gate=proxy.get("gate"),
            choices=choices,
        )
        self.server: uvicorn.Server | None = None
        self.url = ""
        self.port = 0

    def serve(self, upstream_port: int, **changes: Any) -> Route:
        """Route "m" (and its alias) to a port."""
        fields = {
            "recipe_id": "r", "engine_id": "e", "port": upstream_port, "upstream_model": "m",
            "headers": (INTERNAL,), **changes,
        }  # fmt: skip
        routes = [Route(name=name, **fields) for name in ("m", "alias")]
        self.routes.replace(RouteTable.of(routes))
        return routes[0]

    def serve_directly(self, engine_port: int, **changes: Any) -> Route:
        """Route "m" to an engine that speaks every path, by the direct lane."""
        direct = Direct(
            host="127.0.0.1", port=engine_port, headers=(ENGINE,), model="engine-m",
            paths=frozenset(ALLOWED), tells_usage=True,
        )  # fmt: skip
        changes = {"direct": direct, "lane": "direct", **changes}
        return self.serve(changes.pop("gateway_port", 1), **changes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The application as the guard would call it."""
        if self.key_id:
            asking = SimpleNamespace(actor=f"key:{self.key_id}")
            scope.setdefault("state", {})["asking"] = asking
        application = self.websockets if scope["type"] == "websocket" else self.proxy
        await application(scope, receive, send)

    def straight(self, request: Whole) -> bool:
        """The same, for a request that is there whole."""
        actor = f"key:{self.key_id}" if self.key_id else "api"
        went = self.goes_straight and self.proxy.straight(request, actor)
        self.went_straight += went
        return went

    def connections(self) -> list[Any]:
        """Of the server, open ones."""
        return list(self.server.server_state.connections) if self.server else []

    async def fact(self) -> RequestFinished:
        """The record of the only request, once there is one."""
        await until(lambda: self.facts)
        await asyncio.sleep(0.01)
        assert len(self.facts) == 1
        return self.facts[0]

    async def _admit(
        self, name: str, *, actor: str, request_id: str, timeout_s: float | None = None
    ) -> Route:
        self.admitted.append(name)
        if self.refusal is not None:
            raise self.refusal
        if self.coming is None:
            raise ModelNotFound(name)
        return await self.coming

    def up(self) -> bool:
        """LiteLLM, as the proxy asks it."""
        return self.gateway_is_ready.is_set()

    async def ready(self, timeout_s: float) -> None:
        """The same, with patience."""
        await self.gateway_is_ready.wait()


@contextlib.asynccontextmanager
async def bench(**proxy: Any) -> AsyncIterator[Bench]:
    """A running proxy."""
    made = Bench(**proxy)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    made.port = listening.getsockname()[1]
    made.url = f"http://127.0.0.1:{made.port}"
    made.server = server = uvicorn.Server(
        uvicorn.Config(
            made,
            lifespan="off",
            log_level="critical",
            ws="websockets-sansio",
            http=StudioProtocol,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await until(lambda: server.started)
    try:
        yield made
    finally:
        made.proxy.close()
        server.force_exit = server.should_exit = True
        await serving
        listening.close()


CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


async def post(
    made: Bench, body: Any = CHAT, path: str = "/v1/chat/completions", **more: Any
) -> httpx.Response:
    """One request, read to the end."""
    async with httpx.AsyncClient(base_url=made.url, timeout=60, verify=False) as client:
        if isinstance(body, bytes):
            return await client.post(path, content=body, **more)
        return await client.post(path, json=body, **more)


class RawClient:
    """A client that sees every byte and can hang up at any time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def chat(cls, made: Bench, **fields: Any) -> "RawClient":
        """Send a chat request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        body = json.dumps({**CHAT, **fields}).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        return cls(reader, writer)

    def hang_up(self) -> None:
        """Gone without a word."""
        self._writer.transport.abort()
