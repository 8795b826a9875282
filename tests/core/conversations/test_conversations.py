"""What was said is in no file as it was said, and after an erasure nobody can read it."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.conversations import Conversations, NewMessage, then
from core.conversations import conversations as module
from core.erasure import SubjectKeys
from core.errors import Invalid, NotFound, Refused, Unavailable
from core.secrets import Secrets
from events.envelope import Recorded
from events.errors import EventError, LogUnavailable
from events.projections import ALL
from events.projections.conversations import conversation, conversations
from events.reading import pages
from events.replay import state_at
from events.store import EventStore

WORDS = "the canary sang at half past nine"
TITLE = "Canaries and their hours"
FOLDER = "Aviary"


class House:
    """Conversations on a home of their own; `again` opens it anew, as a restart does."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.again()

    def again(self) -> None:
        """Open what is there."""
        self.store = EventStore.open(self.home / "main.db", projections=ALL)
        self.keys = SubjectKeys(self.home / "keys.db", Secrets(self.home / "secrets"))
        self.conversations = Conversations(store=self.store, keys=self.keys)

    def close(self) -> None:
        """Let go of the files."""
        self.keys.close()
        self.store.close()

    async def told(self) -> str:
        """A conversation with a question, two answers, a title and a folder; its id."""
        door = self.conversations
        which = await door.start(actor="window")
        asked = await door.add(which, NewMessage(role="user", text=WORDS), actor="window")
        for answer in ("first " + WORDS, "second " + WORDS):
            await door.add(
                which,
                NewMessage(
                    role="assistant",
                    text=answer,
                    parent_id=asked,
                    model="qwen",
                    prompt_tokens=7,
                    completion_tokens=9,
                ),
                actor="window",
            )
        await door.rename(which, TITLE, actor="window")
        await door.file(which, FOLDER, actor="window")
        return which

    def types(self, which: str) -> list[str]:
        """The facts of a conversation."""
        return [one.type for one in self.store.read_stream(f"conversation-{which}")]

    def files(self) -> bytes:
        """Every byte of the home, WAL and journals too."""
        return b"".join(p.read_bytes() for p in sorted(self.home.rglob("*")) if p.is_file())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Empty."""
    home = tmp_path / "home"
    home.mkdir()
    made = House(home)
    yield made
    made.close()


async def test_what_was_said_is_read_back_and_in_no_file(house: House) -> None:
    """Text, title and folder; in clear are model, role, counts and the tree."""
    which = await house.told()
    await house.conversations.pin(which, True, actor="window")
    read = await house.conversations.read(which)
    assert [m.text for m in read.messages] == [WORDS, "first " + WORDS, "second " + WORDS]
    assert [m.parent_id for m in read.messages] == [None, *[read.messages[0].message_id] * 2]
    view = read.conversation
    assert (view.title, view.folder, view.pinned, view.standing) == (TITLE, FOLDER, True, "open")
    assert (view.messages, view.model, view.prompt_tokens, view.completion_tokens) == (
        3, "qwen", 14, 18,
    )  # fmt: skip
    assert read.chosen == read.messages[2].message_id
    await house.conversations.choose(which, read.messages[1].message_id, actor="window")
    assert (await house.conversations.read(which)).chosen == read.messages[1].message_id
    assert await house.conversations.list() == [view]
    disk = house.files()
    assert b'"role":"user"' in disk, "the log is among the files that are searched"
    for text in (WORDS, TITLE, FOLDER, "canary"):
        assert text.encode() not in disk


async def test_after_an_erasure_nobody_can_read_it(house: House) -> None:
    """Nor from a copy of the log, made before with its WAL, beside today's keys."""
    which, other = await house.told(), await house.told()
    copy = house.home.parent / "copy-of-the-log"
    copy.mkdir()
    for path in house.home.glob("main.db*"):
        if not path.name.endswith(".lock"):
            shutil.copy(path, copy / path.name)
    erased = await house.conversations.erase(which, actor="cli")
    assert (erased.standing, erased.title, erased.folder) == ("erased", None, None)
    assert (erased.messages, erased.model, erased.erased_by) == (3, "qwen", "cli")
    assert house.types(which)[-2:] == ["conversation-erasure-requested", "conversation-erased"]
    read = await house.conversations.read(which)
    assert [(m.text, m.unreadable) for m in read.messages] == [(None, "erased")] * 3
    assert read.messages[0].size >= len(WORDS)
    assert (await house.conversations.read(other)).conversation.title == TITLE

    shutil.copy(house.home / "keys.db", copy / "keys.db")
    shutil.copytree(house.home / "secrets", copy / "secrets")
    elsewhere = House(copy)
    try:
        assert "conversation-erasure-requested" not in elsewhere.types(which)
        read = await elsewhere.conversations.read(which)
        assert {(m.text, m.unreadable) for m in read.messages} == {(None, "erased")}
        assert [v.standing for v in await elsewhere.conversations.list()] == ["open", "erased"]
        assert (await elsewhere.conversations.read(other)).messages[0].text == WORDS
    finally:
        elsewhere.close()


async def test_an_earlier_position_shows_an_erased_conversation_as_erased(house: House) -> None:
    """At every position there is, in the list and read by itself; nothing fails."""
    which = await house.told()
    await house.conversations.erase(which, actor="window")
    for at in range(house.store.head + 1):
        for view in await house.conversations.list(at=at):
            assert (view.standing, view.title) == ("erased", None), at
        try:
            read = await house.conversations.read(which, at=at)
        except NotFound:
            assert at < 2, "only before it was started there is none"
            continue
        assert read.conversation.standing == "erased"
        assert all(m.text is None for m in read.messages)
        assert len(read.messages) == min(3, max(0, at - 2))
    with pytest.raises(Invalid):
        await house.conversations.list(at=house.store.head + 1)


async def test_an_earlier_position_shows_what_was_said_until_then(house: House) -> None:
    """The state of that moment, with today's keys."""
    which = await house.told()
    early = await house.conversations.read(which, at=3)
    assert [m.text for m in early.messages] == [WORDS]
    assert (early.conversation.title, early.conversation.messages) == (None, 1)
    assert await house.conversations.list(at=3) == [early.conversation]


async def test_who_goes_through_the_past_reads_each_fact_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Onwards no fact twice, and back where one has been none at all; the lists are the same."""
    for _ in range(3):
        await house.told()
    read: list[int] = []

    def counted(*asked: Any) -> Iterator[list[Recorded]]:
        for page in pages(*asked):
            read.extend(one.position for one in page)
            yield page

    monkeypatch.setattr(then, "pages", counted)
    lists, head = then.Then(house.store), house.store.head
    for at in (*range(head + 1), 5, 2, head, 7):
        connection = state_at(house.store, at, projections=then.MODEL)
        assert lists.rows(at) == conversations(connection)
        connection.close()
    assert read == list(range(2, head + 1)), "the first one tells of no conversation"
    anew = then.Then(house.store)
    assert (anew.rows(head), anew.rows(3)) == (lists.rows(head), lists.rows(3)), "and backwards"
    for one in (lists, anew):
        one.close()


async def test_an_erased_conversation_takes_nothing_in(house: House) -> None:
    """And is erased again without a word."""
    which = await house.told()
    await house.conversations.erase(which, actor="window")
    before = house.types(which)
    await house.conversations.erase(which, actor="window")
    with pytest.raises(Refused, match="was erased"):
        await house.conversations.add(which, NewMessage(role="user", text="x"), actor="window")
    with pytest.raises(Refused, match="was erased"):
        await house.conversations.pin(which, True, actor="window")
    assert house.types(which) == before
    for call in (house.conversations.read("no-such"), house.conversations.erase("x", actor="cli")):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(NotFound):
        await house.conversations.rename("no-such", "t", actor="cli")


@pytest.mark.parametrize("cut", ["before the key", "after the key", "before the record"])
async def test_a_start_finishes_what_a_crash_left(
    house: House, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever between the wish and its record the crash came; meanwhile nobody is shown it."""
    which = await house.told()

    class Crash(BaseException):
        """As if the process had ended here."""

    def crash(*args: object, **kwargs: object) -> Any:
        raise Crash

    if cut == "before the key":
        monkeypatch.setattr(house.keys, "destroy", crash)
    else:
        monkeypatch.setattr(module, "FinishErasure", crash)
    with pytest.raises(Crash):
        await house.conversations.erase(which, actor="window")
    monkeypatch.undo()
    assert house.types(which)[-1] == "conversation-erasure-requested"
    assert (await house.conversations.read(which)).conversation.standing == "erased"
    if cut == "before the record":
        house.keys.destroy(f"conversation-{which}")

    house.close()
    house.again()
    await house.conversations.finish_erasures()
    assert house.types(which)[-1] == "conversation-erased"
    assert house.keys.living() == frozenset()
    told = house.store.head
    await house.conversations.finish_erasures()
    assert house.store.head == told, "what is finished is not finished again"


async def test_keys_from_a_backup_do_not_bring_it_back(house: House) -> None:
    """The log says that it is erased, so a start destroys the key again; nobody reads meanwhile."""
    which, other = await house.told(), await house.told()
    house.keys.close()
    backup = (house.home / "keys.db").read_bytes()
    await house.conversations.erase(which, actor="window")
    house.keys.close()
    (house.home / "keys.db").write_bytes(backup)
    assert f"conversation-{which}" in house.keys.living()
    assert (await house.conversations.read(which)).messages[0].text is None
    await house.conversations.finish_erasures()
    assert house.keys.living() == {f"conversation-{other}"}


async def test_a_key_that_can_not_be_destroyed_is_said_to_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wish stays in the log, nobody is shown anything, and asking again goes on."""
    which = await house.told()

    def full(*args: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(house.keys, "destroy", full)
        with pytest.raises(Unavailable, match="disk is full"):
            await house.conversations.erase(which, actor="window")
    assert (await house.conversations.read(which)).conversation.standing == "erased"
    await house.conversations.erase(which, actor="window")
    assert house.types(which)[-1] == "conversation-erased"
    assert house.keys.living() == frozenset()


async def test_nothing_is_erased_that_could_not_be_recorded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wish comes first."""
    which = await house.told()

    async def full(*args: object, **kwargs: object) -> None:
        raise LogUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(house.store, "append", full)
        with pytest.raises(EventError):
            await house.conversations.erase(which, actor="window")
    assert (await house.conversations.read(which)).messages[0].text == WORDS


async def test_an_outcome_that_could_not_be_recorded_follows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is gone, so the answer is yes; the log hears of it after the next append."""
    which, other = await house.told(), await house.told()
    append = house.store.append

    async def full(stream: str, facts: list[Any], **rest: Any) -> Any:
        if type(facts[0]).__name__ == "ConversationErased":
            raise LogUnavailable("the disk is full")
        return await append(stream, facts, **rest)

    with monkeypatch.context() as patched:
        patched.setattr(house.store, "append", full)
        assert (await house.conversations.erase(which, actor="window")).standing == "erased"
    assert house.types(which)[-1] == "conversation-erasure-requested"
    await house.conversations.pin(other, True, actor="window")
    assert house.types(which)[-1] == "conversation-erased"


async def test_who_asked_may_leave(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure that was begun goes to its end."""
    which = await house.told()
    destroy, begun = house.keys.destroy, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(subject: str) -> bool:
        loop.call_soon_threadsafe(begun.set)
        return destroy(subject)

    monkeypatch.setattr(house.keys, "destroy", slow)
    asking = asyncio.ensure_future(house.conversations.erase(which, actor="window"))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await house.conversations.close()
    assert house.types(which)[-1] == "conversation-erased"


async def test_a_missing_key_is_lost_and_not_erased(house: House) -> None:
    """Who loses keys.db is told so; nothing says that somebody erased it, and nothing fails."""
    which = await house.told()
    house.keys.close()
    (house.home / "keys.db").unlink()
    read = await house.conversations.read(which)
    assert (read.conversation.standing, read.messages[0].unreadable) == ("lost", "lost")
    with pytest.raises(Refused, match="is not here"):
        await house.conversations.add(which, NewMessage(role="user", text="x"), actor="window")


async def test_a_ciphertext_in_anothers_place_does_not_open(house: House) -> None:
    """Whoever writes into the log's file can not put words into a mouth."""
    which = await house.told()
    with house.store.reading() as connection:
        row = conversation(connection, which)
    assert row is not None
    assert row.title is not None
    subject = f"conversation-{which}"
    assert house.keys.decrypt(subject, "title", row.title) == TITLE.encode()
    for place in ("folder", "message/title", ""):
        assert not isinstance(house.keys.decrypt(subject, place, row.title), bytes)


@pytest.mark.parametrize("text", ["\ud800", "x" * (9 * 2**20)], ids=["half", "too long"])
async def test_what_can_not_be_kept_is_refused(house: House, text: str) -> None:
    """Before anything is written."""
    which = await house.conversations.start(actor="window")
    with pytest.raises(Invalid):
        await house.conversations.add(which, NewMessage(role="user", text=text), actor="window")
    for title in ("", "  ", "\ud800", "x" * 201):
        with pytest.raises(Invalid):
            await house.conversations.rename(which, title, actor="window")
    assert house.types(which) == ["conversation-started"]


async def test_many_at_once_lose_no_message(house: House) -> None:
    """Two windows on one conversation: each message is there once."""
    which = await house.conversations.start(actor="window")
    texts = [f"word {number}" for number in range(4)]
    adding = [
        house.conversations.add(which, NewMessage(role="user", text=text), actor="window")
        for text in texts
    ]
    await asyncio.gather(*adding)
    read = await house.conversations.read(which)
    assert sorted(str(m.text) for m in read.messages) == texts


async def test_what_comes_while_it_is_erased_is_refused_or_erased_with_it(house: House) -> None:
    """Whichever was first: nothing that was said can be read, and nothing fails otherwise."""
    for _ in range(5):
        which = await house.conversations.start(actor="window")
        wishes = [
            house.conversations.add(which, NewMessage(role="user", text=WORDS), actor="window")
            for _ in range(3)
        ]
        told = await asyncio.gather(
            wishes[0],
            house.conversations.erase(which, actor="cli"),
            *wishes[1:],
            return_exceptions=True,
        )
        assert {type(one) for one in told if isinstance(one, BaseException)} <= {Refused}
        read = await house.conversations.read(which)
        assert [m.text for m in read.messages if m.text is not None] == []
        assert house.types(which)[-1] == "conversation-erased"


async def test_a_spoilt_database_of_keys_keeps_nobody_from_starting(house: House) -> None:
    """It is said to whoever asks for conversations; everything else goes on."""
    which = await house.told()
    house.keys.close()
    (house.home / "keys.db").write_bytes(b"no database at all" * 500)
    await house.conversations.finish_erasures()
    for call in (house.conversations.list(), house.conversations.read(which)):
        with pytest.raises(Unavailable, match="can not be used"):
            await call
