"""A reply goes on while nobody looks, and whatever happens to it, what has come is kept."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.chat import Chat, Ended, Grew, NewReply, ReplyView
from core.chat.drafts import Drafts
from core.clock import SystemClock
from core.conversations import Conversation, Conversations, MessageView, NewMessage, Said
from core.erasure import SubjectKeys
from core.errors import Invalid, NotFound, Refused, Unavailable
from core.secrets import Secrets
from events.errors import EventError, LogUnavailable
from events.projections import ALL
from events.store import EventStore
from tests.core.chat.scripted import DONE, Scripted, chunk
from tests.harness.waiting import eventually

REFUSED = b'{"error": {"message": "no such model", "code": "m", "next_action": "add it"}}'
CANARY = "the canary sang at half past nine"


@dataclass
class Asker:
    """Who asks."""

    actor: str = "window"


class House:
    """A home with conversations and chat, and a hot path that says what it is told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.engines: dict[str, str] = {}
        self.say(Scripted())
        self.open()

    def say(self, script: Scripted) -> Scripted:
        """Answer so from now on."""
        self.script = script
        return script

    def open(self) -> None:
        """Open what is there, as a start does."""
        self.store = EventStore.open(self.home / "main.db", projections=ALL)
        self.keys = SubjectKeys(self.home / "keys.db", Secrets(self.home / "secrets"))
        self.conversations = Conversations(store=self.store, keys=self.keys)
        self.chat = Chat(
            conversations=self.conversations,
            drafts=Drafts(self.home / "drafts", self.keys),
            proxy=self._answer,
            clock=SystemClock(),
            engine_of=self.engines.get,
            keep_s=0,
        )

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        await self.script(scope, receive, send)

    def close(self) -> None:
        """Let go of the files."""
        self.keys.close()
        self.store.close()

    async def asked(self, text: str = "Who are you?") -> tuple[str, str]:
        """A conversation with one question: their ids."""
        which = await self.conversations.start(actor="window")
        said = NewMessage(role="user", text=text)
        return which, await self.conversations.add(which, said, actor="window")

    async def begin(self, which: str, to: str, **more: Any) -> ReplyView:
        """Let the model answer."""
        return await self.chat.begin(which, NewReply(model="qwen", to=to, **more), asker=Asker())

    async def ended(self, reply: ReplyView, after: int = 0) -> tuple[str, Ended]:
        """What comes of it after these events, and its end."""
        text = ""
        follow = self.chat.follow(reply.conversation_id, reply.reply_id, after)
        async for _, event in follow:
            if isinstance(event, Ended):
                return text, event
            text += event.text
        raise AssertionError("a reply ends")

    async def answers(self, which: str) -> list[MessageView]:
        """The answers of a conversation."""
        read: Conversation = await self.conversations.read(which)
        return [one for one in read.messages if one.role == "assistant"]

    def drafts(self) -> list[Path]:
        """The drafts on the disk."""
        return sorted((self.home / "drafts").glob("*"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Empty."""
    made = House(tmp_path)
    yield made
    await made.chat.close()
    made.close()


async def test_a_reply_is_a_message_with_all_that_is_known_of_it(house: House) -> None:
    """Text, thoughts, counts, the request that brought it; and its draft is gone."""
    house.say(
        Scripted(
            (
                chunk("", reasoning_content="Let me see."),
                chunk("I am"),
                chunk(" a model.", finish="stop"),
                chunk("", usage={"prompt_tokens": 5, "completion_tokens": 8}),
                DONE,
            )
        )
    )
    which, question = await house.asked()
    reply = await house.begin(which, question, system="Be short.", parameters={"temperature": 0})
    text, ended = await house.ended(reply)
    [answer] = await house.answers(which)
    assert text == answer.text == "I am a model."
    assert ended == Ended(outcome="whole", message=answer)
    assert answer.message_id == reply.reply_id
    assert answer.said is not None
    assert (answer.said.reasoning, answer.said.finish, answer.said.lane) == (
        "Let me see.",
        "stop",
        "direct",
    )
    assert answer.said.thought_ms is not None
    assert (answer.parent_id, answer.outcome, answer.model) == (question, "whole", "qwen")
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 8)
    assert answer.request_id == "request-1"
    assert house.drafts() == []
    assert house.script.actors == ["window"]
    [asked] = house.script.asked
    assert asked["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Who are you?"},
    ]
    assert asked["temperature"] == 0
    assert asked["stream_options"] == {"include_usage": True}


async def test_who_comes_later_gets_what_was_missed_and_nothing_twice(house: House) -> None:
    """From every event on, while it comes and when it is nearly over."""
    words = [f"{at} " for at in range(6)]
    script = house.say(Scripted((*map(chunk, words), DONE), holds_after=4))
    which, question = await house.asked()
    reply = await house.begin(which, question)
    await grown(house, reply, 4)
    followers = [asyncio.create_task(house.ended(reply, after)) for after in range(5)]
    await asyncio.sleep(0)
    script.go_on.set()
    for after, following in enumerate(followers):
        text, ended = await following
        assert text == "".join(words[after:])
        assert ended.outcome == "whole"


async def test_a_reply_goes_on_while_nobody_looks(house: House) -> None:
    """Who followed it has left; it ends all the same, and is a message."""
    script = house.say(Scripted((chunk("a"), chunk("b"), DONE), holds_after=1))
    which, question = await house.asked()
    reply = await house.begin(which, question)
    follow = house.chat.follow(which, reply.reply_id, 0)
    assert (await anext(follow))[1] == Grew(text="a", tokens=1)
    await follow.aclose()
    script.go_on.set()
    await recorded(house, reply)
    assert [one.text for one in await house.answers(which)] == ["ab"]


async def test_a_reply_that_is_stopped_is_kept_and_its_engine_stops(house: House) -> None:
    """As far as it came, as one that a person stopped."""
    script = house.say(Scripted((chunk("far"), chunk("ther"), DONE), holds_after=1))
    which, question = await house.asked()
    reply = await house.begin(which, question)
    await grown(house, reply, 1)
    await house.chat.stop(which, reply.reply_id)
    [answer] = await house.answers(which)
    assert (answer.text, answer.outcome) == ("far", "stopped")
    assert script.left == 1
    with pytest.raises(NotFound):
        await house.chat.stop(which, reply.reply_id)


async def test_a_reply_that_is_stopped_at_once_is_kept_too(house: House) -> None:
    """Before the model said a word."""
    house.say(Scripted(holds_after=0))
    which, question = await house.asked()
    reply = await house.begin(which, question)
    await house.chat.stop(which, reply.reply_id)
    [answer] = await house.answers(which)
    assert (answer.text, answer.outcome) == ("", "stopped")


@pytest.mark.parametrize(
    ("script", "text", "words"),
    [
        (
            Scripted((REFUSED,), status=404),
            "",
            "no such model",
        ),
        (Scripted((chunk("so "), b'data: {"error": {"message": "CUDA"}}\n\n')), "so ", "CUDA"),
        (Scripted((chunk("so "),)), "so ", "broke off"),
        (Scripted((chunk("so "),), breaks=True), "so ", "engine is gone"),
    ],
)
async def test_a_reply_that_fails_says_why_and_keeps_what_came(
    house: House, script: Scripted, text: str, words: str
) -> None:
    """Refused, an error in the stream, an end without its end, a connection lost."""
    house.say(script)
    which, question = await house.asked()
    said, ended = await house.ended(await house.begin(which, question))
    [answer] = await house.answers(which)
    assert said == answer.text == text
    assert ended.outcome == answer.outcome == "cut"
    assert answer.said is not None
    assert words in answer.said.failure
    assert answer.said.next_action == ("add it" if script.status == 404 else "")


async def test_what_a_crash_left_is_an_answer_that_was_cut(house: House, tmp_path: Path) -> None:
    """What had come is there after the next start, once, sealed until then; then no draft is."""
    house.say(Scripted((chunk(CANARY), chunk("never"), DONE), holds_after=1))
    which, question = await house.asked()
    reply = await house.begin(which, question)
    await kept(house, reply, CANARY)
    files = b"".join(p.read_bytes() for p in house.home.rglob("*") if p.is_file())
    assert CANARY.encode() not in files

    again = tmp_path / "again"  # the disk as a kill -9 leaves it
    shutil.copytree(house.home, again, ignore=shutil.ignore_patterns("again"))
    after = House(again)
    try:
        for _ in range(2):
            await after.chat.recover()
            [answer] = await after.answers(which)
            assert (answer.text, answer.outcome) == (CANARY, "cut")
            assert answer.message_id == reply.reply_id
            assert after.drafts() == []
    finally:
        after.close()


async def test_a_draft_of_what_was_erased_is_nobodys(house: House, tmp_path: Path) -> None:
    """Its key is destroyed: it can not be read, and is thrown away."""
    house.say(Scripted((chunk("x"), DONE), holds_after=1))
    which, question = await house.asked()
    await kept(house, await house.begin(which, question), "x")
    [draft] = house.drafts()
    draft_bytes = draft.read_bytes()
    await house.chat.end_of(which)
    await house.conversations.erase(which, actor="window")
    draft.write_bytes(draft_bytes)
    for name in ("torn", "half.new"):
        (house.home / "drafts" / name).write_bytes(b"\x93")
    await house.chat.recover()
    assert house.drafts() == []


async def test_an_end_of_the_studio_cuts_and_records(house: House) -> None:
    """Whoever has followed it is told so."""
    house.say(Scripted((chunk("half"), DONE), holds_after=1))
    which, question = await house.asked()
    reply = await house.begin(which, question)
    following = asyncio.create_task(house.ended(reply))
    await grown(house, reply, 1)
    await house.chat.close()
    _, ended = await following
    [answer] = await house.answers(which)
    assert ended.outcome == answer.outcome == "cut"
    assert answer.text == "half"


async def test_a_full_disk_loses_no_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept beside the log, said so, and recorded by the next start."""

    async def full(*_: object, **__: object) -> str:
        raise LogUnavailable("the disk is full")

    which, question = await house.asked()
    with monkeypatch.context() as patch:
        patch.setattr(house.conversations, "add", full)
        _, ended = await house.ended(await house.begin(which, question))
    assert "recorded when the studio starts again" in ended.problem
    assert await house.answers(which) == []
    await house.chat.recover()
    [answer] = await house.answers(which)
    assert (answer.text, answer.outcome) == ("Hello!", "whole")
    assert issubclass(LogUnavailable, EventError)


async def test_nothing_ends_a_reply_that_is_being_recorded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second stop, an end of the studio: whoever follows is told the end, and it is kept."""
    recording, go_on, add = asyncio.Event(), asyncio.Event(), house.conversations.add

    async def slowly(*told: Any, **more: Any) -> str:
        recording.set()
        await go_on.wait()
        return await add(*told, **more)

    house.say(Scripted((chunk("far"), DONE), holds_after=1))
    which, question = await house.asked()
    monkeypatch.setattr(house.conversations, "add", slowly)
    reply = await house.begin(which, question)
    following = asyncio.create_task(house.ended(reply))
    await grown(house, reply, 1)
    ends = [asyncio.create_task(house.chat.stop(which, reply.reply_id))]
    await recording.wait()
    ends += [
        asyncio.create_task(house.chat.stop(which, reply.reply_id)),
        asyncio.create_task(house.chat.close()),
    ]
    await asyncio.sleep(0)
    go_on.set()
    async with asyncio.timeout(20):
        await asyncio.gather(*ends)
        _, ended = await following
    [answer] = await house.answers(which)
    assert (answer.text, answer.outcome) == ("far", "stopped")
    assert ended == Ended(outcome="stopped", message=answer)
    assert house.drafts() == []


async def test_a_model_is_told_nothing_of_what_was_erased_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erased between the reading and the asking."""
    read = house.conversations.read

    async def late(which: str) -> Conversation:
        told = await read(which)
        monkeypatch.undo()
        await house.conversations.erase(which, actor="window")
        return told

    which, question = await house.asked()
    monkeypatch.setattr(house.conversations, "read", late)
    await recorded(house, await house.begin(which, question))
    assert house.script.asked == []


async def test_no_more_than_eight_begin_at_once(house: House) -> None:
    """However closely they come together."""
    house.say(Scripted(holds_after=0))
    which, question = await house.asked()
    begun = await asyncio.gather(
        *(house.begin(which, question) for _ in range(10)), return_exceptions=True
    )
    assert [isinstance(one, Refused) for one in begun].count(True) == 2


async def test_none_is_begun_while_the_studio_stops(house: House) -> None:
    """Nobody would end it, or record it."""
    which, question = await house.asked()
    await house.chat.close()
    with pytest.raises(Unavailable):
        await house.begin(which, question)


async def test_an_answer_without_an_end_is_kept_as_far_as_there_is_room(house: House) -> None:
    """A model that repeats itself for hours: a message that is too long would be refused."""
    much = "\x01" * 600_000  # six bytes each where they are kept
    house.say(Scripted((chunk(much), chunk(much), DONE)))
    which, question = await house.asked()
    _, ended = await house.ended(await house.begin(which, question))
    [answer] = await house.answers(which)
    assert (answer.text, answer.outcome, ended.outcome) == (much, "cut", "cut")
    assert answer.said is not None
    assert "longer than" in answer.said.failure


async def test_what_is_kept_nowhere_is_not_called_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the log nor a draft can be written."""

    async def full(*_: object, **__: object) -> str:
        raise LogUnavailable("the disk is full")

    which, question = await house.asked()
    monkeypatch.setattr(house.conversations, "add", full)
    monkeypatch.setattr(Drafts, "keep", lambda *_: False)
    _, ended = await house.ended(await house.begin(which, question))
    assert "nowhere" in ended.problem


@pytest.mark.parametrize("state", ["missing", "broken"])
async def test_a_draft_waits_for_its_key(house: House, tmp_path: Path, state: str) -> None:
    """A start without keys.db goes on; with it again, the answer is there."""
    house.say(Scripted((chunk("x"), DONE), holds_after=1))
    which, question = await house.asked()
    await kept(house, await house.begin(which, question), "x")
    again, away = tmp_path / "again", tmp_path / "away"
    shutil.copytree(house.home, again, ignore=shutil.ignore_patterns("again", "away"))
    (again / "keys.db").rename(away)
    if state == "broken":
        (again / "keys.db").write_bytes(b"no database " * 100)
    after = House(again)
    try:
        await after.chat.recover()
        assert len(after.drafts()) == 1
        after.keys.close()
        away.replace(again / "keys.db")
        await after.chat.recover()
        assert [one.text for one in await after.answers(which)] == ["x"]
    finally:
        after.close()


async def test_branches_ask_with_their_own_history(house: House) -> None:
    """An answer made again is a sibling; what follows goes on from the one it is said after."""
    which, question = await house.asked("one")
    for text in ("first", "second"):
        house.say(Scripted((chunk(text), DONE)))
        await house.ended(await house.begin(which, question))
    first, second = await house.answers(which)
    assert first.parent_id == second.parent_id == question
    said = NewMessage(role="user", text="two", parent_id=first.message_id)
    then = await house.conversations.add(which, said, actor="window")
    await house.ended(await house.begin(which, then))
    assert [one["content"] for one in house.script.asked[-1]["messages"]] == ["one", "first", "two"]


@pytest.mark.parametrize(("engine", "writes_on"), [("vllm", True), (None, False)])
async def test_an_answer_is_continued(house: House, engine: str | None, writes_on: bool) -> None:
    """A sibling that begins with what there was; engines that can are told to write on."""
    if engine:
        house.engines["qwen"] = engine
    which, question = await house.asked()
    begun = NewMessage(
        role="assistant", said=Said(text="One, two"), parent_id=question, outcome="stopped"
    )
    cut = await house.conversations.add(which, begun, actor="window")
    house.say(Scripted((chunk(", three."), DONE)))
    await house.ended(await house.begin(which, cut, goes_on=True))
    answer = (await house.answers(which))[-1]
    assert (answer.text, answer.parent_id) == ("One, two, three.", question)
    [asked] = house.script.asked
    assert asked["messages"][-1] == {"role": "assistant", "content": "One, two"}
    assert asked.get("continue_final_message", False) is writes_on


async def test_replies_of_several_models_come_side_by_side(house: House) -> None:
    """Each under its own id, all answers to the same question."""
    house.say(Scripted((chunk("x"), DONE), holds_after=1))
    which, question = await house.asked()
    replies = [await house.begin(which, question) for _ in range(8)]
    assert len(house.chat.under_way(which)) == 8
    with pytest.raises(Refused, match="under way"):
        await house.begin(which, question)
    house.script.go_on.set()
    ends = await asyncio.gather(*(house.ended(one) for one in replies))
    assert [ended.outcome for _, ended in ends] == ["whole"] * 8
    assert {one.parent_id for one in await house.answers(which)} == {question}
    assert house.chat.under_way(which) == ()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"model": " "}, "model"),
        ({"to": "nothing"}, "to"),
        ({"parameters": {"stream": False}}, "parameters.stream"),
        ({"goes_on": True}, "to"),
    ],
)
async def test_what_can_not_be_asked_is_refused_where_it_is(
    house: House, wish: dict[str, Any], field: str
) -> None:
    """Before anything is loaded for it."""
    which, question = await house.asked()
    with pytest.raises(Invalid) as refused:
        await house.chat.begin(
            which, NewReply(**({"model": "qwen", "to": question} | wish)), asker=Asker()
        )
    assert refused.value.field == field
    assert house.script.asked == []


async def grown(house: House, reply: ReplyView, events: int) -> None:
    """Until so much of it has come."""
    follow = house.chat.follow(reply.conversation_id, reply.reply_id, 0)
    async with contextlib.aclosing(follow), asyncio.timeout(20):
        async for number, _ in follow:
            if number >= events:
                return


async def recorded(house: House, reply: ReplyView) -> None:
    """Until it is over."""
    with contextlib.suppress(NotFound):
        await house.ended(reply)


async def kept(house: House, reply: ReplyView, text: str) -> None:
    """Until this much of it is kept."""
    drafts = Drafts(house.home / "drafts", house.keys)

    def texts() -> list[str]:
        said = [draft.message.said for _, draft in drafts.left() if draft]
        return [one.text for one in said if one]

    await grown(house, reply, 1)
    await asyncio.to_thread(eventually, lambda: text in texts(), within=20, what="the draft")
