"""Stops, ends, erasures and full disks that come at the wrong moment: nothing is lost."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.chat import Ended
from core.chat.drafts import Drafts
from core.conversations import Conversation
from core.errors import Refused, Unavailable
from events.errors import LogUnavailable
from tests.core.chat.house import House, grown, kept, recorded
from tests.core.chat.scripted import DONE, Scripted, chunk


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
    async with asyncio.timeout(60):
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
