"""A websocket through us: what both sides see, what counts as in flight, how each end is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request, Response

from core.gateway.hooks import Lanes
from core.gateway.routes import RouteTable
from core.gateway.websocket_presence import Presence
from tests.core.gateway.bench import Bench, bench
from tests.core.gateway.tiny_upstream import until

Talking = Callable[[ServerConnection], Awaitable[None]]


class Engine:
    """A real websocket server that talks as a test tells it to."""

    def __init__(self, talking: Talking, **options: Any) -> None:
        self._talking = talking
        self._options = options
        self.requests: list[Request] = []
        self.port = 0
        self.server: Server | None = None

    async def __aenter__(self) -> "Engine":
        self.server = await serve(self._talk, "127.0.0.1", 0, **self._options)
        self.port = next(iter(self.server.sockets)).getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    async def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.requests.append(connection.request)
        await self._talking(connection)


async def echo(connection: ServerConnection) -> None:
    """Say everything back."""
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def studio(
    engine: Engine,
    *,
    idle_s: float = 0.0,
    choices: Any = None,
    gate: Any = None,
    key_id: str = "",
    **route: Any,
) -> AsyncIterator[Bench]:
    """A running studio with this engine as the model "m"."""
    async with bench(choices=choices, gate=gate, key_id=key_id) as made:
        made.idle_s = idle_s
        made.serve(1, engine_model="real/m", **route)
        made.endpoint = SimpleNamespace(
            engine_id="e", host="127.0.0.1", port=engine.port, api_key="inside", model_name="m"
        )
        yield made


def talk_to(
    made: Bench, query: str = "model=m", path: str = "/v1/realtime", **more: Any
) -> connect:
    """A client's connection."""
    return connect(f"ws://127.0.0.1:{made.port}{path}?{query}", proxy=None, **more)


async def closed(client: ClientConnection) -> tuple[int, str]:
    """How it was closed, once it is."""
    await client.wait_closed()
    assert client.close_code is not None
    return client.close_code, client.close_reason or ""


async def test_messages_go_both_ways_text_as_text_and_bytes_as_bytes() -> None:
    """Straight to the engine, and recorded once, with the lane (C67)."""
    async with Engine(echo) as engine, studio(engine) as made:
        async with talk_to(made) as client:
            assert client.response is not None
            assert client.response.headers["x-studio-lane"] == "direct"
            for message in ("hello", b"\x00\xff", "x" * 100_000, "Grüße 🌍"):
                await client.send(message)
                assert await client.recv() == message
            (running,) = made.proxy.calls.all()
            assert (running.state, running.path, running.lane) == (
                "running", "/v1/realtime", "direct",
            )  # fmt: skip
        fact = await made.fact()
        assert (fact.outcome, fact.status, fact.lane, fact.model) == ("ok", 101, "direct", "m")
        assert client.response.headers["x-request-id"] == fact.request_id
        assert made.inflight.total == 0


async def test_a_virtual_model_is_its_best_member() -> None:
    """As with any other request; the record names what was asked for."""
    choices = SimpleNamespace(chain=lambda name: ("m", "n") if name == "any" else None)
    async with Engine(echo) as engine, studio(engine, choices=choices) as made:
        async with talk_to(made, "model=any") as client:
            await client.send("hello")
            assert await client.recv() == "hello"
        assert (await made.fact()).model == "any"


async def test_a_keys_limits_hold_for_websockets_too() -> None:
    """Counted in and out as one request, and refused where the key may not go directly."""
    said: list[str] = []

    async def enter(key_id: str, request_id: str, body: object) -> None:
        said.append("enter")

    allowed = frozenset({"gateway", "direct"})
    gate = SimpleNamespace(
        demand=lambda key_id, *, name, path: said.append(f"{key_id} {name}"),
        lanes=lambda key_id: Lanes(allowed=allowed),
        enter=enter,
        leave=lambda request_id: said.append("leave"),
    )
    async with Engine(echo) as engine, studio(engine, gate=gate, key_id="k1") as made:
        async with talk_to(made) as client:
            await client.send("hello")
            await client.recv()
        await made.fact()
        assert said == ["k1 m", "enter", "leave"]
        allowed = frozenset({"gateway"})
        with pytest.raises(InvalidStatus) as refused:
            async with talk_to(made):
                pass
        assert refused.value.response.status_code == 403


async def test_the_engine_gets_its_own_key_its_own_name_and_never_the_clients_key() -> None:
    """The query otherwise as it was written; subprotocols are the engine's to choose."""
    async with (
        Engine(echo, subprotocols=["realtime"]) as engine,
        studio(engine) as made,
        talk_to(
            made,
            "a=%2Fb%20c&model=m&d",
            subprotocols=["realtime", "openai-insecure-api-key.sk-client"],
            additional_headers={"authorization": "Bearer sk-client", "cookie": "a=b"},
        ) as client,
    ):
        assert client.subprotocol == "realtime"
        (request,) = engine.requests
        assert request.path == "/v1/realtime?a=%2Fb%20c&model=real%2Fm&d"
        assert request.headers["authorization"] == "Bearer inside"
        assert "sk-client" not in str(request)
        assert "cookie" not in request.headers


async def test_it_counts_as_in_flight_and_an_idle_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Silence lets the model go; the next message counts it in again."""
    seen: list[Presence] = []
    begin = Presence.begin

    def watched(self: Presence) -> None:
        seen.append(self)
        begin(self)

    monkeypatch.setattr(Presence, "begin", watched)
    async with (
        Engine(echo) as engine,
        studio(engine, idle_s=3600.0) as made,
        talk_to(made) as client,
    ):
        assert made.inflight.count("r") == 1
        seen[0]._look()  # an hour is over
        assert made.inflight.count("r") == 0
        assert [call.state for call in made.proxy.calls.all()] == ["idle"]
        await client.send("again")
        assert await client.recv() == "again"
        assert made.inflight.count("r") == 1
        await client.send("and again")
        assert await client.recv() == "and again"
        seen[0]._look()  # another one, which was not silent
        assert made.inflight.count("r") == 1


async def test_without_a_limit_silence_keeps_the_model() -> None:
    """`websocket_idle_s` 0: as long as it is open."""
    async with Engine(echo) as engine, studio(engine) as made, talk_to(made) as client:
        await client.send("once")
        assert await client.recv() == "once"
        await asyncio.sleep(0.1)
        assert made.inflight.count("r") == 1


async def test_an_idle_one_whose_model_has_gone_is_closed_and_told_to_come_back() -> None:
    """1012, the code for a server that restarts; nothing reaches an engine that is going."""
    async with (
        Engine(echo) as engine,
        studio(engine, idle_s=0.05) as made,
        talk_to(made) as client,
    ):
        await until(lambda: made.inflight.count("r") == 0)
        made.routes.replace(RouteTable.of([]))
        await client.send("too late")
        assert await closed(client) == (1012, "its model was unloaded")


async def test_a_cancelled_and_a_cut_one_are_closed_with_the_reason() -> None:
    """By its id, and by a switch that may not wait."""
    async with Engine(echo) as engine, studio(engine) as made:
        async with talk_to(made) as client:
            (running,) = made.proxy.calls.all()
            assert made.proxy.calls.cancel(running.request_id)
            assert await closed(client) == (1008, "the request was cancelled")
        async with talk_to(made) as client:
            assert made.inflight.cut(["r"]) == 1
            assert (await closed(client))[0] == 1012
        await until(lambda: len(made.facts) == 2)
        assert [fact.outcome for fact in made.facts] == ["cancelled", "cancelled"]


async def test_the_engines_own_way_to_close_is_the_clients() -> None:
    """Code and reason."""

    async def says_goodbye(connection: ServerConnection) -> None:
        await connection.close(4000, "enough")

    async with Engine(says_goodbye) as engine, studio(engine) as made, talk_to(made) as client:
        assert await closed(client) == (4000, "enough")
        assert (await made.fact()).outcome == "error"


async def test_an_engine_that_dies_is_an_error_for_the_client_and_the_book() -> None:
    """Never a silent end."""

    async def dies(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    async with Engine(dies) as engine, studio(engine) as made, talk_to(made) as client:
        await client.send("x")
        assert await closed(client) == (1011, "the engine ended")
        assert (await made.fact()).outcome == "error"


async def test_token_counts_add_up_over_the_answers() -> None:
    """As the realtime protocol tells them, one for each answer."""

    async def answers(connection: ServerConnection) -> None:
        async for _ in connection:
            usage = {"input_tokens": 3, "output_tokens": 4}
            await connection.send(json.dumps({"type": "response.done", "usage": usage}))

    async with Engine(answers) as engine, studio(engine) as made:
        async with talk_to(made) as client:
            for _ in range(2):
                await client.send("ask")
                await client.recv()
        fact = await made.fact()
        assert (fact.prompt_tokens, fact.completion_tokens) == (6, 8)


@pytest.mark.parametrize(
    ("query", "path", "status", "code"),
    [
        ("model=unknown", "/v1/realtime", 404, "model_not_found"),
        ("x=1", "/v1/realtime", 400, "missing_model"),
        ("model=", "/v1/realtime", 400, "missing_model"),
        ("model=m&mod%65l=other", "/v1/realtime", 400, "invalid_query"),
        (f"model={'m' * 201}", "/v1/realtime", 400, "model_name_too_long"),
        ("model=m", "/v1/else", 404, "unknown_path"),
    ],
)
async def test_what_can_not_be_is_refused_in_words_before_any_upgrade(
    query: str, path: str, status: int, code: str
) -> None:
    """The very errors that a request would get, and the engine hears nothing."""
    async with Engine(echo) as engine, studio(engine) as made:
        with pytest.raises(InvalidStatus) as refused:
            await talk_to(made, query, path)
        response = refused.value.response
        assert response.status_code == status
        assert json.loads(bytes(response.body or b""))["error"]["code"] == code
        assert engine.requests == []
        fact = await made.fact()
        assert (fact.outcome, fact.status) == ("rejected", status)


async def test_a_model_elsewhere_has_no_websocket() -> None:
    """There is no engine here to talk to, and none will come."""
    async with Engine(echo) as engine, studio(engine, remote=True) as made:
        made.endpoint = None
        with pytest.raises(InvalidStatus) as refusal:
            async with asyncio.timeout(60):
                await talk_to(made)
        assert refusal.value.response.status_code == 404
        assert (await made.fact()).outcome == "rejected"


async def test_one_too_many_is_told_to_wait() -> None:
    """A recipe's limit holds for websockets too."""
    async with Engine(echo) as engine, studio(engine, concurrency=1) as made, talk_to(made):
        with pytest.raises(InvalidStatus) as refused:
            await talk_to(made)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["retry-after"]


async def test_a_place_is_kept_for_who_waited_for_the_model() -> None:
    """A websocket does not take it from a request that was let through a moment ago."""
    async with Engine(echo) as engine, studio(engine, concurrency=1) as made:
        made.inflight.owe("waited", "r")
        with pytest.raises(InvalidStatus) as refused:
            await talk_to(made)
        assert refused.value.response.status_code == 429


async def test_the_engines_refusal_of_the_upgrade_is_the_clients() -> None:
    """Status and body as they are; the book says that it failed."""

    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(418, '{"error": "no realtime here"}')

    async with Engine(echo, process_request=refuse) as engine, studio(engine) as made:
        with pytest.raises(InvalidStatus) as refused:
            await talk_to(made)
        assert refused.value.response.status_code == 418
        assert bytes(refused.value.response.body or b"") == b'{"error": "no realtime here"}'
        fact = await made.fact()
        assert (fact.outcome, fact.status) == ("error", 418)


async def test_who_leaves_while_the_model_loads_is_forgotten() -> None:
    """As with requests: nothing goes on for nobody."""
    async with Engine(echo) as engine, studio(engine) as made:
        made.coming = asyncio.get_running_loop().create_future()
        client = asyncio.ensure_future(_open(made, "model=other"))
        await until(lambda: made.admitted)
        client.cancel()
        await until(lambda: made.facts)
        assert (made.facts[0].outcome, made.facts[0].status) == ("client_gone", 499)
        assert made.coming.cancelled()


async def _open(made: Bench, query: str) -> None:
    async with talk_to(made, query):
        pass


async def test_an_open_one_ends_when_its_key_is_revoked() -> None:
    """It has no end of its own."""
    async with Engine(echo) as engine, studio(engine) as made:
        made.key_id = "k1"
        async with talk_to(made) as client:
            assert made.proxy.calls.end_of_key("k1") == 1
            assert (await closed(client))[0] == 1008
