"""What the next request would hold: counted by the engine, or estimated, and it says which."""

from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from core.chat.measuring import Measuring, RoomWish
from core.chat.room import Room, letters
from core.chat.tokens import Counted, CountsNothing, Tokens, ask_engine
from core.conversations import Conversations, NewMessage, Said
from core.engines.run import Endpoint
from core.erasure import SubjectKeys
from core.errors import Invalid
from core.gateway.litellm_config import Endpoint as Reached
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore
from tests.core.chat.hand_tools import HandTools

ENGINE = Endpoint(
    engine_id="e1", recipe_id="qwen", port=1, model_name="qwen", api_key="k", kind="vllm"
)


def words(text: str) -> int:
    """A tokenizer whose tokens are words."""
    return len(text.split())


class Counting:
    """An engine that counts words, two more for each message and five for each tool."""

    def __init__(self) -> None:
        self.bodies: list[Mapping[str, Any]] = []

    def __call__(self, engine: Reached, body: Mapping[str, Any]) -> Counted | None:
        """As `/tokenize` does."""
        self.bodies.append(body)
        if "prompt" in body:
            return Counted(words(body["prompt"]), 100)
        said = sum(words(one["content"] or "") + 2 for one in body["messages"])
        return Counted(said + 5 * len(body.get("tools", ())), 100)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Conversations]:
    """Conversations on an empty home."""
    store = EventStore.open(tmp_path / "main.db", projections=ALL)
    keys = SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))
    yield Conversations(store=store, keys=keys)
    keys.close()
    store.close()


async def talk(door: Conversations, *, tokens: int | None = 40) -> tuple[str, str]:
    """A question of 3 words, an answer of 80 letters that took 40 tokens: ids."""
    which = await door.start(actor="w")
    asked = await door.add(which, NewMessage(role="user", text="what is this"), actor="w")
    said = Said(text="abcdefg " * 10, reasoning="hm " * 10)
    answer = NewMessage(
        role="assistant", said=said, parent_id=asked, completion_tokens=tokens, model="qwen"
    )
    return which, await door.add(which, answer, actor="w")


def measuring(
    door: Conversations, ask: Any = None, *, resident: bool = True, planned: int | None = None
) -> Measuring:
    """With an engine that counts words, or as it is said."""
    tokens = Tokens(
        engine_of=lambda model: ENGINE if resident else None,
        planned=lambda model: planned,
        ask=ask or Counting(),
    )
    return Measuring(conversations=door, tokens=tokens, toolbox=HandTools())


def by_kind(room: Room) -> dict[str, tuple[int, int]]:
    """Tokens and items of each part."""
    return {part.kind: (part.tokens, part.items) for part in room.parts}


async def test_a_resident_engine_counts_every_part(door: Conversations) -> None:
    """What its template adds is a part of its own; the context is what the engine says."""
    which, answer = await talk(door)
    wish = RoomWish(
        model="qwen",
        conversation_id=which,
        to=answer,
        system="be brief",
        tools=("hand",),
        draft="and that too",
        parameters={"max_tokens": 30},
    )
    room = await measuring(door).room(wish)
    assert by_kind(room) == {
        "system": (2, 1),
        "tools": (5, 1),
        "questions": (3, 1),
        "answers": (10, 1),
        "draft": (3, 1),
        "template": (8, 0),
    }
    assert (room.how, room.context, room.context_told) == ("counted", 100, True)
    assert (room.used, room.answer, room.free, room.over) == (31, 30, 39, 0)


async def test_a_branch_is_counted_and_no_other(door: Conversations) -> None:
    """Another answer to the same question is not sent."""
    which, answer = await talk(door)
    asked = (await door.read(which)).messages[0].message_id
    other = NewMessage(role="assistant", text="x " * 60, parent_id=asked)
    await door.add(which, other, actor="w")
    room = await measuring(door).room(RoomWish(model="qwen", conversation_id=which, to=answer))
    assert by_kind(room)["answers"] == (10, 1)
    with pytest.raises(Invalid) as refused:
        await measuring(door).room(RoomWish(model="qwen", conversation_id=which, to="nobody"))
    assert refused.value.field == "to"


async def test_what_was_counted_is_not_counted_again(door: Conversations) -> None:
    """A long conversation costs its engine once."""
    which, answer = await talk(door)
    counting = Counting()
    made = measuring(door, counting)
    wish = RoomWish(model="qwen", conversation_id=which, to=answer)
    first = await made.room(wish)
    asked = len(counting.bodies)
    assert await made.room(wish) == first
    assert len(counting.bodies) == asked
    await made.room(msgspec.structs.replace(wish, draft="more"))
    assert len(counting.bodies) == asked + 2  # the request as a whole, and what is new of it


async def test_without_an_engine_earlier_answers_tell(door: Conversations) -> None:
    """110 characters took 40 tokens: one has 2.75."""
    which, answer = await talk(door)
    made = measuring(door, resident=False, planned=2048)
    room = await made.room(RoomWish(model="qwen", conversation_id=which, to=answer))
    assert (room.how, room.context, room.context_told) == ("from-earlier", 2048, False)
    assert by_kind(room) == {"questions": (5, 1), "answers": (30, 1), "template": (8, 0)}


async def test_without_anything_letters_tell(door: Conversations) -> None:
    """And where nobody knows the context, nothing is said to be too long."""
    which, answer = await talk(door, tokens=None)
    room = await measuring(door, resident=False).room(
        RoomWish(model="qwen", conversation_id=which, to=answer, attached=700)
    )
    assert room.how == "guessed"
    assert (room.context, room.free, room.over) == (None, None, 0)
    assert by_kind(room)["attachments"] == (700, 1)
    assert letters("abcd") == 2
    assert letters("苍鹭") == 2


async def test_a_new_conversation_has_a_room_too(door: Conversations) -> None:
    """Its prompt and its tools take some of it before anything is said."""
    room = await measuring(door).room(RoomWish(model="qwen", system="be brief", tools=("hand",)))
    assert by_kind(room) == {"system": (2, 1), "tools": (5, 1), "template": (4, 0)}


async def test_what_is_too_long_is_told_with_what_helps(door: Conversations) -> None:
    """The easiest first, and only what would be enough."""
    which, answer = await talk(door)
    wish = RoomWish(model="qwen", conversation_id=which, to=answer, draft="x " * 90)
    room = await measuring(door).room(wish)
    assert (room.used, room.over, room.free) == (109, 9, 0)
    assert room.help == ("shorter-question", "longer-context", "new-conversation")
    short = RoomWish(model="qwen", parameters={"max_tokens": 200}, draft="hi")
    room = await measuring(door).room(short)
    assert room.help[0] == "shorter-answer"


async def test_an_engine_that_can_not_count_is_asked_once(door: Conversations) -> None:
    """One that is busy is asked again."""
    asked = []

    def nothing(engine: Reached, body: Mapping[str, Any]) -> Counted | None:
        asked.append(body)
        raise CountsNothing

    made = measuring(door, nothing)
    for _ in range(2):
        assert (await made.room(RoomWish(model="qwen", draft="hi"))).how == "guessed"
    assert len(asked) == 1
    busy: list[Mapping[str, Any]] = []
    made = measuring(door, lambda engine, body: busy.append(body))
    for _ in range(2):
        assert (await made.room(RoomWish(model="qwen", draft="hi"))).how == "guessed"
    assert len(busy) > 2


class _Tokenize(BaseHTTPRequestHandler):
    """`/tokenize` of a model called good; another is refused, another path is not there."""

    def do_POST(self) -> None:
        """Answer once."""
        body = msgspec.json.decode(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != "Bearer k":
            self.send_error(401)
        elif body["model"] == "good":
            told = b'{"count": 3, "max_model_len": 64, "tokens": [1, 2, 3]}'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(told)
        else:
            self.send_error(404 if body["model"] == "none" else 400)

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """An engine's port."""
    server = HTTPServer(("127.0.0.1", 0), _Tokenize)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_engine_is_asked_over_http(port: int) -> None:
    """With its key; a refusal is no answer, a missing path is one for ever."""
    engine = msgspec.structs.replace(ENGINE, port=port)
    assert ask_engine(engine, {"model": "good", "prompt": "x"}) == Counted(3, 64)
    assert ask_engine(engine, {"model": "bad", "prompt": "x"}) is None
    with pytest.raises(CountsNothing):
        ask_engine(engine, {"model": "none", "prompt": "x"})
    assert ask_engine(msgspec.structs.replace(engine, port=1), {"model": "good"}) is None
