"""An engine that says the same head again: its answers are passed on as if each were the first."""

from typing import Any

import pytest

from core.gateway.connection import STRANGE, Connection
from tests.core.gateway.bench import Bench
from tests.core.gateway.both_ways import COMPLETION, JSON, Client, both, headed, raw, warm, wire
from tests.core.gateway.tiny_upstream import Received, TinyUpstream

DATE = b"date: Tue, 01 Dec 2026 00:00:%02d GMT"


async def asked(made: Bench, count: int) -> list[Any]:
    """One client, one request after the other."""
    client, told = await Client.to(made), []
    for _ in range(count):
        await client.asks(wire())
        told.append(await client.hears())
    return told


def in_turn(*answers: bytes) -> Any:
    """Each of them, in one piece."""
    left = list(answers)

    async def answer(received: Received, writer: Any) -> None:
        await raw(left.pop(0) if len(left) > 1 else left[0])(received, writer)

    return answer


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The status of each answer whose head was read by httptools."""
    found: list[int] = []
    complete = Connection.on_headers_complete

    def counted(connection: Connection) -> None:
        complete(connection)
        found.append(connection.status)

    monkeypatch.setattr(Connection, "on_headers_complete", counted)
    return found


BODIES = (COMPLETION, COMPLETION.replace(b"5", b"512"), b"", COMPLETION + b" " * 5000, COMPLETION)


@pytest.mark.parametrize("lane", ["direct", "gateway"])
async def test_answers_with_one_head_come_back_the_same(lane: str) -> None:
    """Whatever their length: bytes, lengths and records."""
    heads = (JSON, b"server: uvicorn", DATE % 1, b"x-litellm-version: 1", b"x-y: a")

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        engine.answering = in_turn(*(headed(body, *heads) for body in BODIES))
        return await asked(made, 5)

    told, facts = await both(scenario, raw(b""), straight=5, lane=lane)
    assert [body for _, body, _ in told] == list(BODIES)
    assert [fact.completion_tokens for fact in facts] == [5, 512, None, 5, 5]


async def test_a_head_is_read_once_and_again_when_it_changes(read: list[int]) -> None:
    """Its date does, each second; a status or a header may, at any time."""
    async with warm(raw(b""), straight=True) as (made, engine):
        read.clear()
        first, then = headed(COMPLETION, JSON, DATE % 1), headed(COMPLETION, JSON, DATE % 2)
        refused = headed(b'{"error":{}}', JSON, DATE % 2, status=b"400 Bad Request")
        engine.answering = in_turn(first, first, first, then, then, refused, refused, then)
        told = await asked(made, 8)
        assert read == [200, 200, 400, 200]
        statuses = [int(head.split()[1]) for head, _, _ in told]
        assert statuses == [200] * 5 + [400] * 2 + [200]
        assert [fact.status for fact in made.facts] == statuses


@pytest.mark.parametrize(
    "other",
    [
        raw(headed(COMPLETION, JSON)[:20], headed(COMPLETION, JSON)[20:]),
        raw(headed(COMPLETION, JSON)[:-9], COMPLETION[-9:]),
        raw(headed(COMPLETION, JSON)[:-9], close=True),
        raw(headed(COMPLETION, JSON) + b"HTTP/1.1 200 OK\r\n"),
        raw(headed(COMPLETION, JSON, b"connection: close"), close=True),
        raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" + headed(COMPLETION, JSON)),
        raw(headed(COMPLETION, JSON).replace(b"content-length: ", b"content-length: 0")),
    ],
)
async def test_what_is_not_quite_the_same_is_what_it_is(other: Any) -> None:
    """Torn, broken off, more than an answer: as on the long way."""

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        known = raw(headed(COMPLETION, JSON))
        engine.answering = known
        told = await asked(made, 3)
        engine.answering = other
        return told + await asked(made, 1)

    await both(scenario, raw(b""), straight=4)


async def test_an_announcement_that_counts_the_answer_behind_it_fools_nobody() -> None:
    """A head without a body of its own, by its status, is not taken for one that has it."""
    behind = headed(COMPLETION, JSON)
    told = b"HTTP/1.1 103 Early Hints\r\ncontent-length: %d\r\n\r\n" % len(behind)

    async def scenario(made: Bench, engine: TinyUpstream) -> Any:
        return [body for _, body, _ in await asked(made, 3)]

    bodies, _ = await both(scenario, raw(told + behind), straight=3)
    assert bodies == (COMPLETION,) * 3


async def test_heads_that_all_differ_are_not_remembered_for_ever(read: list[int]) -> None:
    """An id of its own in each."""
    count = STRANGE + 3
    async with warm(raw(b""), straight=True) as (made, engine):
        read.clear()
        answers = [headed(COMPLETION, JSON, b"x-id: %d" % n) for n in range(count)]
        engine.answering = in_turn(*answers)
        await asked(made, count)
        (connection,) = made.fetching._engines._idle[("127.0.0.1", engine.port)]
        said = connection[1]._said
        assert len(read) == count
        assert said is not None
        assert said.body(answers[-1]) is None
