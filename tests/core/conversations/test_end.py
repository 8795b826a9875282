"""A long conversation is read from its end, and the rest of it fits before that without a gap."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.conversations import Conversation, NewMessage
from core.conversations.end import end_of
from core.conversations.setup import Setup
from core.errors import NotFound
from events.envelope import Recorded
from tests.core.conversations.test_conversations import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Empty."""
    home = tmp_path / "home"
    home.mkdir()
    made = House(home)
    yield made
    made.close()


async def said(house: House, which: str, parent: str | None, role: str = "user") -> str:
    """One message; its id."""
    message = NewMessage(role=role, text=f"after {parent}", parent_id=parent)
    return await house.conversations.add(which, message, actor="window")


async def talk(house: House, which: str, count: int, parent: str | None = None) -> list[str]:
    """So many messages, one after the other."""
    ids: list[str] = []
    for n in range(count):
        role = "assistant" if n % 2 else "user"
        ids.append(await said(house, which, ids[-1] if ids else parent, role))
    return ids


def ids_of(read: Conversation) -> list[str]:
    """In order."""
    return [one.message_id for one in read.messages]


async def whole_of(house: House, which: str, count: int) -> tuple[Conversation, Conversation]:
    """The end and the rest, which are the whole together: that is judged here."""
    end = await house.conversations.newest(which, count)
    rest = await house.conversations.rest(which, count, end.chosen or "")
    whole = await house.conversations.read(which)
    left_out = iter([whole.messages[place] for place in rest.places])
    others = iter(rest.messages)
    together = [
        next(left_out if place in rest.places else others) for place in range(len(whole.messages))
    ]
    assert together == list(whole.messages)
    assert {whole.messages[place] for place in rest.places} <= set(end.messages)
    assert end.chosen == rest.chosen == whole.chosen
    assert len(end.messages) + end.earlier == len(whole.messages)
    return end, rest


async def test_the_end_comes_with_what_stands_beside_it(house: House) -> None:
    """Its last messages and their siblings; what is older or elsewhere is counted."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 20)
    again = await said(house, which, ids[18], "assistant")  # beside ids[19]
    await talk(house, which, 2, again)
    elsewhere = await said(house, which, ids[2], "assistant")
    await house.conversations.choose(which, again, actor="window")
    await house.conversations.set_up(which, Setup(system="Be brief."), actor="window")
    end, rest = await whole_of(house, which, 3)
    assert ids_of(end) == [ids[16], ids[17], ids[18], ids[19], again]
    assert end.setup == rest.setup == Setup(system="Be brief.")
    assert elsewhere in ids_of(rest)
    assert end.messages[0].text == f"after {ids[15]}"


async def test_a_branch_that_is_older_than_the_newest_messages(house: House) -> None:
    """What is shown is what was chosen, wherever it stands; also one of a single message."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 12)
    await talk(house, which, 12, ids[3])
    await house.conversations.choose(which, ids[9], actor="window")
    end, _ = await whole_of(house, which, 4)
    assert ids_of(end) == ids[6:10]
    root = await said(house, which, None)
    end, rest = await whole_of(house, which, 4)
    assert ids_of(end) == [ids[0], root], "they stand beside each other, at the very beginning"
    assert rest.places == (24,)


async def test_it_begins_at_what_a_person_said(house: House) -> None:
    """An answer with its tools is not torn."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 9)
    for role in ("assistant", "tool", "tool", "assistant"):
        ids.append(await said(house, which, ids[-1], role))
    end, _ = await whole_of(house, which, 2)
    assert ids_of(end) == ids[8:]


async def test_a_short_one_comes_whole(house: House) -> None:
    """Where less would be left out than is told, nothing is."""
    which = await house.conversations.start(actor="window")
    assert (await house.conversations.newest(which, 4)).messages == ()
    ids = await talk(house, which, 7)
    end = await house.conversations.newest(which, 4)
    assert (ids_of(end), end.earlier) == (ids, 0)
    with pytest.raises(NotFound):
        await house.conversations.newest("nobody", 4)


async def test_what_can_not_be_read_is_shown_as_that(house: House) -> None:
    """Lost, then erased: as many messages, without text."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 12)
    house.keys.close()
    (house.home / "keys.db").rename(house.home / "elsewhere.db")
    lost = await house.conversations.newest(which, 4)
    assert (lost.conversation.standing, ids_of(lost), lost.earlier) == ("lost", ids[8:], 8)
    assert {one.unreadable for one in lost.messages} == {"lost"}
    (house.home / "elsewhere.db").rename(house.home / "keys.db")
    await house.conversations.erase(which, actor="window")
    end, rest = await whole_of(house, which, 4)
    assert end.conversation.standing == "erased"
    assert {one.unreadable for one in (*end.messages, *rest.messages)} == {"erased"}


async def test_the_end_at_an_earlier_position(house: House) -> None:
    """As it stood then."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 12)
    then = house.store.head
    await talk(house, which, 3, ids[-1])
    end = await house.conversations.newest(which, 4, at=then)
    assert (ids_of(end), end.earlier, end.chosen) == (ids[8:], 8, ids[-1])
    rest = await house.conversations.rest(which, 4, ids[-1], at=then)
    assert (ids_of(rest), rest.places) == (ids[:8], (8, 9, 10, 11))


async def test_no_more_is_read_than_is_needed(house: House) -> None:
    """From the newest fact to the message before the end."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 30)
    facts = iter(house.store.read_stream_back(f"conversation-{which}"))
    assert end_of(facts, 4).branch == tuple(reversed(ids[26:]))
    assert len(list(facts)) == 31 - 5
    assert end_of([], 4).messages == ()


async def test_another_branch_of_the_rest_that_nobody_knows(house: House) -> None:
    """Then nothing is left out."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 6)
    rest = await house.conversations.rest(which, 2, "nobody")
    assert (ids_of(rest), rest.places) == (ids, ())


async def test_one_message_is_read_from_the_end_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest costs a small page, however long the rest; any other is found as well."""
    which = await house.conversations.start(actor="window")
    ids = await talk(house, which, 250)
    whole = await house.conversations.read(which)
    back, read = house.store.read_stream_back, list[int]()

    def counted(*args: object, **more: object) -> list[Recorded]:
        told = back(*args, **more)  # type: ignore[arg-type] # handed on as it came
        read.append(len(told))
        return told

    monkeypatch.setattr(house.store, "read_stream_back", counted)
    assert await house.conversations.message(which, ids[-1]) == whole.messages[-1]
    assert read == [10]
    for at in (0, 100, 239, 240):
        assert await house.conversations.message(which, ids[at]) == whole.messages[at]
    with pytest.raises(NotFound):
        await house.conversations.message(which, "another")
    await house.conversations.erase(which, actor="cli")
    one = await house.conversations.message(which, ids[0])
    assert (one.text, one.unreadable) == (None, "erased")
