"""Who ends a request that goes straight, what limits it, and what becomes of connections."""

import asyncio
from typing import Any

import pytest

from core.gateway.routes import RouteTable
from tests.core.gateway.bench import Bench, bench
from tests.core.gateway.both_ways import (
    ANSWERS,
    COMPLETION,
    DONE,
    LANES,
    Client,
    Gate,
    asking,
    both,
    warm,
    wire,
)
from tests.core.gateway.tiny_upstream import (
    LAST_CHUNK,
    STREAM_HEAD,
    Received,
    TinyUpstream,
    chunk,
    endless_stream,
    json_answer,
    until,
    upstream,
)

# ---- who ends it, and when ----------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
async def test_a_client_that_leaves_before_and_during_an_answer(lane: str) -> None:
    """The engine hears of it; the record says who left."""

    async def before(made: Bench, engine: TinyUpstream) -> None:
        client = await Client.to(made)
        await client.asks(wire())
        await until(lambda: engine.received)
        client.leaves()
        await until(lambda: engine.received[0].left)

    async def during(made: Bench, engine: TinyUpstream) -> None:
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await client.reader.readuntil(b"data: {}")
        client.leaves()
        await until(lambda: engine.received[0].left)

    async def never(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    for scenario, answering in ((before, never), (during, endless_stream())):
        _, (fact,) = await both(scenario, answering, lane=lane)
        assert fact.outcome == "client_gone"


@pytest.mark.parametrize("who", ["calls", "inflight", "cut", "end_all"])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("lane", LANES)
async def test_a_request_that_is_ended_here_is_told_so(who: str, begun: bool, lane: str) -> None:
    """By its id, by a switch, by the end of the studio; before its first byte or after."""

    async def never(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await until(lambda: engine.received)
        if begun:
            await client.reader.readuntil(b"data: {}\n\n\r\n")
        (call,) = made.proxy.calls.all()
        assert (call.state, call.model, call.stream) == ("running", "m", True)
        match who:
            case "calls":
                assert made.proxy.calls.cancel(call.request_id)
            case "inflight":
                assert made.inflight.cancel(call.request_id)
            case "cut":
                assert made.inflight.cut(["r"]) == 1
            case _:
                assert made.inflight.end_all() == 1
        assert await made.inflight.drained(["r"], timeout_s=60)
        rest = await client.reader.readuntil(b"0\r\n\r\n" if begun else b"}}")
        client.leaves()
        await until(lambda: engine.received[0].left)
        return rest[rest.index(b"error") :]

    _, (fact,) = await both(scenario, endless_stream() if begun else never, lane=lane)
    assert fact.outcome == "cancelled"


@pytest.mark.parametrize("first", ["cancel", "lost"])
async def test_who_is_ended_as_its_connection_is_lost_is_not_sent_again(first: str) -> None:
    """Both in one turn of the loop, in whatever order."""

    async def never(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with warm(never, straight=True) as (made, engine):
        client = await Client.to(made)
        await client.asks(wire())
        await until(lambda: engine.received)
        (call,) = made.proxy.calls.all()
        straight: Any = made.proxy.calls._calls[call.request_id][1]
        lost = straight.__self__._connection.connection_lost
        if first == "lost":
            lost(None)
        assert made.proxy.calls.cancel(call.request_id)
        if first == "cancel":
            lost(None)
        head, body, _ = await asyncio.wait_for(client.hears(), 60)
        assert (head[9:12], b"cancelled" in body) == (b"503", True)
        fact = await made.fact()
        assert (fact.outcome, len(engine.received)) == ("cancelled", 1)


async def test_a_revoked_key_lets_an_answer_run() -> None:
    """And a drain waits for it."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await client.reader.readuntil(b"data: {}")
        draining = asyncio.create_task(made.inflight.drained(["r"], timeout_s=60))
        made.routes.replace(RouteTable({}))
        assert made.proxy.calls.end_of_key("k") == 0
        await asyncio.sleep(0.02)
        assert not draining.done()
        client.leaves()
        assert await draining

    await both(scenario, endless_stream(), key_id="k")


# ---- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_limits_are_told_the_same(path: str) -> None:
    """What is left, and that nothing is."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        told = []
        for _ in range(3):
            await client.asks(wire(path=path))
            told.append(await client.hears())
        client.leaves()
        return told

    told, facts = await both(
        scenario, ANSWERS["json"], straight=3, key_id="k", gate=lambda: Gate(3)
    )
    assert [head[9:12] for head, _, _ in told] == [b"200", b"200", b"429"]
    assert [fact.outcome for fact in facts] == ["ok", "ok", "rejected"]


@pytest.mark.parametrize("lane", LANES)
async def test_a_recipes_limit_is_told_the_same(lane: str) -> None:
    """One runs; the next is one too many."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        first = await Client.to(made)
        await first.asks(wire(stream=True))
        await first.reader.readuntil(b"data: {}")
        second = await Client.to(made)
        await second.asks(wire())
        told = await second.hears()
        first.leaves()
        second.leaves()
        return told

    (head, _, _), _ = await both(scenario, endless_stream(), straight=1, concurrency=1, lane=lane)
    assert head.startswith(b"HTTP/1.1 429")


# ---- connections --------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", LANES)
async def test_a_connection_that_the_engine_let_go_of_costs_no_request(lane: str) -> None:
    """It is sent once more on a fresh one, in a task, and can still be ended and left."""
    asked = []

    async def once_deaf(received: Received, writer: asyncio.StreamWriter) -> None:
        asked.append(received.connection)
        if len(asked) % 2:
            writer.transport.abort()
        else:
            await json_answer(COMPLETION)(received, writer)

    (head, body, _), (fact,) = await both(asking(wire()), once_deaf, lane=lane)
    assert (head[9:12], body, fact.outcome) == (b"200", COMPLETION, "ok")
    assert asked[0] != asked[1]


@pytest.mark.parametrize("route_goes", [False, True])
async def test_an_engine_that_dies_of_a_request_is_not_sent_it_again(route_goes: bool) -> None:
    """Nor waited for until it is back: a prompt that ends its engine would end it again."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        async def dies(received: Received, writer: asyncio.StreamWriter) -> None:
            if route_goes:
                made.routes.replace(RouteTable({}))
            await engine.die()

        engine.answering = dies
        client = await Client.to(made)
        await client.asks(wire())
        head, _, _ = await client.hears()
        client.leaves()
        return head.partition(b"\r\n")[0]

    told, (fact,) = await both(scenario, json_answer(COMPLETION))
    assert told == b"HTTP/1.1 502 Bad Gateway"
    assert fact.outcome == "error"


@pytest.mark.parametrize("fails_over", [False, True])
async def test_a_litellm_that_dies_of_a_request_is_not_sent_it_again(fails_over: bool) -> None:
    """The engine itself is asked, where that may be; a provider elsewhere would be paid twice."""

    async def scenario(made: Bench, litellm: TinyUpstream) -> Any:
        async def dies(received: Received, writer: asyncio.StreamWriter) -> None:
            made.gateway_is_ready.clear()
            await litellm.die()

        litellm.answering = dies
        async with upstream(json_answer(COMPLETION)) as engine:
            if fails_over:
                made.serve_directly(engine.port, lane="gateway", gateway_port=litellm.port)
            client = await Client.to(made)
            await client.asks(wire())
            head, _, _ = await client.hears()
            client.leaves()
            return head.partition(b"\r\n")[0], len(engine.received)

    (status, asked), (fact,) = await both(
        scenario, json_answer(COMPLETION), lane="gateway", direct=None
    )
    if fails_over:
        assert (status, asked, fact.lane) == (b"HTTP/1.1 200 OK", 1, "direct")
    else:
        assert (status, asked, fact.lane) == (b"HTTP/1.1 502 Bad Gateway", 0, "gateway")


@pytest.mark.parametrize("lane", LANES)
async def test_a_client_that_reads_slowly_slows_the_engine(lane: str) -> None:
    """Nothing is lost, and memory holds little of it."""
    written = 0

    async def much(received: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(STREAM_HEAD)
        for _ in range(400):
            writer.write(chunk(b"data: " + b"x" * 65_000 + b"\n\n"))
            await writer.drain()
            written += 1
        writer.write(chunk(DONE) + LAST_CHUNK)

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        nonlocal written
        written = 0
        client = await Client.to(made)
        await client.asks(wire(stream=True))
        await asyncio.sleep(0.3)
        assert written < 300
        head, body, whole = await client.hears()
        client.leaves()
        return head, len(body), whole

    (_, size, whole), _ = await both(scenario, much, lane=lane)
    assert (size, whole) == (400 * 65_008 + len(DONE), True)


@pytest.mark.parametrize("lane", LANES)
async def test_many_requests_on_one_connection_one_after_the_other(lane: str) -> None:
    """Some go straight, some do not; each gets its own answer, in order."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        client = await Client.to(made)
        told = []
        for request in (wire(), wire(b"{"), wire(stream=True), wire(path="/v1/x"), wire()):
            await client.asks(request)
            told.append(await client.hears())
        await client.asks(wire() + wire(b"[]") + wire())  # and three at once
        told += [await client.hears() for _ in range(3)]
        client.leaves()
        return told

    told, _ = await both(scenario, ANSWERS["json"], straight=4, lane=lane)
    assert [int(head[9:12]) for head, _, _ in told] == [200, 400, 200, 404, 200, 200, 400, 200]


async def test_a_body_that_does_not_come_is_listed_and_can_be_ended() -> None:
    """After a moment it goes the long way, where it is seen to be still reading."""
    async with warm(ANSWERS["json"], straight=True) as (made, _):
        client = await Client.to(made)
        await client.asks(wire()[:-9])
        await until(made.proxy.calls.all)
        (call,) = made.proxy.calls.all()
        assert call.state == "reading"
        await client.asks(wire()[-9:])
        assert (await client.hears())[1] == COMPLETION
        client.leaves()


async def test_a_server_that_stops_lets_it_end() -> None:
    """Its connection closes after its answer."""
    go_on = asyncio.Event()

    async def later(received: Received, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        await json_answer(COMPLETION)(received, writer)

    async with warm(later, straight=True) as (made, engine):
        client = await Client.to(made)
        await client.asks(wire())
        await until(lambda: engine.received)
        assert made.went_straight == 1
        for connection in made.connections():
            connection.shutdown()
        go_on.set()
        head, body, _ = await client.hears()
        assert body == COMPLETION
        assert b"connection: close" in head
        assert await client.reader.read() == b""


async def test_no_connection_no_straight_way() -> None:
    """The first request to an engine makes one, in its task."""
    async with upstream(json_answer(COMPLETION)) as engine, bench() as made:
        made.serve_directly(engine.port)
        for n in range(3):
            client = await Client.to(made)
            await client.asks(wire())
            assert (await client.hears())[1] == COMPLETION
            client.leaves()
            await until(lambda: not made.proxy.calls.all())
            assert made.went_straight == n
        assert engine.connections == 1
