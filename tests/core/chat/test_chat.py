"""A reply goes on while nobody looks, and whatever happens to it, what has come is kept."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.chat import Ended, Grew, NewReply
from core.conversations import NewMessage, Said
from core.errors import Invalid, NotFound, Refused
from events.errors import EventError, LogUnavailable
from tests.core.chat.house import Asker, House, grown, kept, recorded
from tests.core.chat.scripted import DONE, Scripted, chunk

REFUSED = b'{"error": {"message": "no such model", "code": "m", "next_action": "add it"}}'
CANARY = "the canary sang at half past nine"


async def test_a_reply_is_a_message_with_all_that_is_known_of_it(house: House) -> None:
    """Text, thoughts, counts, the request that brought it; and its draft is gone."""
    house.say(
        Scripted(
            (
                chunk("", reasoning_content="Let me see."),
                chunk("\n\n"),
                chunk("\nI am"),
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


async def test_those_who_wait_for_its_end_are_told_once(house: House) -> None:
    """However it ends, and although another of them breaks."""
    for script in (Scripted(), Scripted((REFUSED,), status=404)):
        house.say(script)
        which, question = await house.asked()
        reply = await house.begin(which, question)
        _, ended = await house.ended(reply)
        done = house.done.pop()
        assert (done.reply_id, done.conversation_id) == (reply.reply_id, which)
        assert (done.outcome, done.message) == (ended.outcome, ended.message)
        assert (done.model, done.asker.actor) == ("qwen", "window")
    assert house.done == []


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


async def test_one_that_has_just_ended_can_be_followed_until_it_is_erased(house: House) -> None:
    """Who asked for a short answer and comes a moment too late gets all of it, and its end."""
    which, question = await house.asked()
    reply = await house.begin(which, question)
    await house.ended(reply)
    await recorded(house, reply)
    text, ended = await house.ended(reply)
    assert (text, ended.outcome) == ("Hello!", "whole")
    with pytest.raises(NotFound):
        house.chat.follow("another", reply.reply_id, 0)
    await house.chat.end_of(which)
    with pytest.raises(NotFound):
        house.chat.follow(which, reply.reply_id, 0)


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
