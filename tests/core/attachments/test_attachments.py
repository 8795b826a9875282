"""Attached, sent, read back, exported, erased: nothing in clear, nothing lost, nothing left."""

import asyncio
import base64
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from core.attachments.filing import keep_files, read_files, taken_along
from core.chat.prompt import turns
from core.conversations import ConversationView
from core.conversations.attached import Attachment
from core.conversations.branches import branch_to
from core.conversations.exchange import exported
from core.conversations.importing import imported
from core.conversations.setup import Setup
from core.errors import Invalid, NotFound, Refused
from tests.core.attachments.house import House
from tests.core.attachments.made import pdf, picture
from tests.harness.canaries import Cage, in_files


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An empty home."""
    house = House(tmp_path)
    yield house
    house.close()


async def test_a_file_is_kept_sealed_and_comes_back(house: House) -> None:
    """Its words, its name, its text: in none of the files of the home."""
    cage = Cage()
    name, words = cage.new("name") + ".txt", cage.new("words")
    which = await house.talk()
    one = await house.attachments.take_in(which, f"/tmp/{name}", words.encode("utf-16"))
    assert (one.name, one.kind, one.encoding) == (name, "text", "utf-16")
    assert one.tokens > 0
    assert (await house.attachments.file(which, one.id))[1] == words.encode("utf-16")
    assert await house.attachments.text(which, one.id) == words
    await house.say(which, "What is it?", one)
    assert in_files(house.home, cage) == {}


async def test_what_a_model_is_told_stands_in_its_question(house: House) -> None:
    """Text in a block, pictures as parts; pictures as words alone for who can not see."""
    which = await house.talk()
    paper = await house.attachments.take_in(which, "paper.pdf", pdf("one", "two"))
    photo = await house.attachments.take_in(which, "photo.jpg", picture("JPEG"))
    assert (paper.pages, photo.width, photo.height) == (2, 40, 20)
    asked = await house.say(which, "What is it?", paper, photo)
    branch = branch_to(await house.conversations.read(which), asked)
    seeing = await house.attachments.parts_of(which, branch, "unknown")
    [message] = turns(branch, files=seeing)
    block, shown, question = message["content"]
    assert block["text"].startswith('<file name="paper.pdf">\n[page 1 of 2]\none')
    assert question["text"] == "What is it?"
    data = base64.b64decode(shown["image_url"]["url"].partition(",")[2])
    assert data == (await house.attachments.file(which, photo.id))[1]
    blind = await house.attachments.parts_of(which, branch, "no")
    [message] = turns(branch, files=blind)
    assert "this model is not shown pictures" in message["content"]
    assert message["content"].endswith("\n\nWhat is it?")


async def test_an_edited_question_keeps_its_files_and_so_does_every_branch(house: House) -> None:
    """They are the conversation's; another conversation has none of them."""
    which, other = await house.talk(), await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"words")
    for text in ("first", "again"):
        asked = await house.say(which, text, one)
        said = (await house.conversations.message(which, asked)).said
        assert said is not None
        assert said.attachments == (one,)
    for what in (other, which):
        with pytest.raises(NotFound):
            await house.attachments.named(what, ["0" * 64])
    with pytest.raises(NotFound):
        await house.attachments.named(other, [one.id])
    with pytest.raises(NotFound):
        await house.attachments.named(which, [one.sha256])  # a file is no sheet
    with pytest.raises(NotFound):
        await house.attachments.file(which, "../../main.db")
    with pytest.raises(Invalid, match="twice"):
        await house.attachments.named(which, [one.id, one.id])
    with pytest.raises(Invalid, match="at most 20"):
        await house.attachments.named(which, [str(number) for number in range(21)])


async def test_what_can_not_be_attached_leaves_nothing(house: House) -> None:
    """Refused before anything is kept."""
    which = await house.talk()
    for name, data, words in (
        ("empty.txt", b"", "is empty"),
        ("vast.bin", bytes(50 * 2**20 + 1), "at most 50 MiB"),
        ("x.zip", b"PK\x03\x04" + bytes(99), "archive"),
    ):
        with pytest.raises(Invalid, match=words):
            await house.attachments.take_in(which, name, data)
    assert house.files() == []
    with pytest.raises(NotFound):
        await house.attachments.take_in("01a", "notes.txt", b"words")


async def test_an_erased_conversation_takes_its_files_with_it(house: House) -> None:
    """Key first, then the files; nothing can be attached any more."""
    which, other = await house.talk(), await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"words")
    kept = await house.attachments.take_in(other, "notes.txt", b"words")
    await house.say(which, "What?", one)
    await house.conversations.erase(which, actor="window")
    assert house.blobs.subjects() == (f"conversation-{other}",)
    with pytest.raises(Refused, match="erased"):
        await house.attachments.file(which, one.id)
    with pytest.raises(Refused, match="erased"):
        await house.attachments.take_in(which, "more.txt", b"words")
    assert await house.attachments.text(other, kept.id) == "words"


async def test_what_was_never_sent_goes_after_a_day(house: House) -> None:
    """And what was, stays, with the sheet beside it."""
    which = await house.talk()
    sent = await house.attachments.take_in(which, "sent.pdf", pdf("words"))
    await house.say(which, "", sent)
    before = len(house.files())
    lonely = await house.attachments.take_in(which, "lonely.txt", b"nobody sends me")
    assert await house.attachments.tidy() == 0
    house.clock.ahead = 1
    assert await house.attachments.tidy() == len(house.files()) + 2 - before == 2
    with pytest.raises(NotFound):
        await house.attachments.named(which, [lonely.id])
    assert await house.attachments.text(which, sent.id) == "[page 1 of 1]\nwords"
    assert await house.attachments.file(which, sent.id)


async def test_what_was_begun_for_a_file_alone_goes_with_it(house: House) -> None:
    """After a day, with its key, as the studio's own doing; nothing that somebody wrote goes."""
    door = house.conversations
    left, sent, titled, filed, pinned, told, tuned, young = [await house.talk() for _ in range(8)]
    one = await house.attachments.take_in(left, "notes.txt", b"words")
    await house.attachments.take_in(young, "notes.txt", b"words")
    kept = await house.attachments.take_in(sent, "notes.txt", b"words")
    await house.say(sent, "What?", kept)
    await door.rename(titled, "Birds", actor="w", origin="first-line")
    await door.file(filed, "Work", actor="w")
    await door.pin(pinned, True, actor="w")
    await door.set_up(told, Setup(system="Be brief."), actor="w")
    await door.set_up(tuned, Setup(parameters={"stop": ["Chapter two"]}), actor="w")
    await door.set_up(left, Setup(model="qwen", tools=("hand",)), actor="w")
    empty = {one.conversation_id for one in await door.list() if one.empty}
    assert empty == {left, young}
    await house.attachments.tidy()
    assert {one.standing for one in await door.list()} == {"open"}, "a day has to pass"
    house.clock.ahead = 1
    for file in (house.home / "blobs" / f"conversation-{young}").iterdir():
        os.utime(file, (house.clock.now() / 1e6,) * 2)  # attached just now
    await house.attachments.tidy()
    gone = [one for one in await door.list() if one.standing == "erased"]
    assert [(one.conversation_id, one.erased_by, one.empty) for one in gone] == [
        (left, "system", False)
    ]
    assert house.blobs.subjects() == (f"conversation-{sent}", f"conversation-{young}")
    with pytest.raises(Refused, match="erased"):
        await house.attachments.file(left, one.id)


async def test_a_file_that_was_taken_at_the_last_moment_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who attaches while the conversation goes is told so, or it stays: no file is lost unsaid."""
    await house.talk()
    read = await house.attachments.read("notes.txt", b"words")
    erase = house.conversations.erase_empty
    attaching: list[asyncio.Task[Attachment]] = []

    async def late(one: str) -> bool:
        attaching.append(asyncio.create_task(house.attachments.keep(one, read)))
        for _ in range(50):  # as many turns as it takes where nothing holds it up
            await asyncio.to_thread(attaching[0].done)
        return await erase(one)

    monkeypatch.setattr(house.conversations, "erase_empty", late)
    house.clock.ahead = 1
    await house.attachments.tidy()
    with pytest.raises(Refused, match="erased"):
        await attaching[0]


async def test_who_comes_back_in_time_keeps_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that is recorded while it is looked at is not erased."""
    which = await house.talk()
    view = house.conversations.view

    async def slow(one: str) -> ConversationView:
        read = await view(one)
        await house.say(one, "I am back")
        return read

    monkeypatch.setattr(house.conversations, "view", slow)
    assert not await house.conversations.erase_empty(which)
    assert [one.text for one in (await house.conversations.read(which)).messages] == ["I am back"]


async def test_files_leave_with_an_export_and_come_back(house: House) -> None:
    """As JSON whole, as OpenAI's parts, in Markdown by name."""
    which = await house.talk()
    paper = await house.attachments.take_in(which, "paper.pdf", pdf("one"))
    photo = await house.attachments.take_in(which, "a*b.png", picture("PNG"))
    await house.say(which, "What is it?", paper, photo)
    before = await house.conversations.read(which)
    markdown = exported(before, "markdown")
    assert "*Attached: paper.pdf (pdf, 1 pages)*" in markdown
    assert r"*Attached: a\*b.png (image)*" in markdown
    for form in ("json", "openai"):
        text = exported(before, form, await taken_along(house.attachments, before, form))
        [filed] = imported(text)
        read = await read_files(house.attachments, filed)
        files = partial(keep_files, house.attachments, read=read)
        after = await house.conversations.take_in(filed, actor="window", files=files)
        [message] = (await house.conversations.read(after)).messages
        assert message.said is not None
        *_, shown = message.said.attachments
        assert shown.id != photo.id
        there = await house.attachments.file(after, shown.id)
        assert there[1] == (await house.attachments.file(which, photo.id))[1]
        if form == "json":
            assert message.text == "What is it?"
            assert await house.attachments.text(after, message.said.attachments[0].id)
        else:
            assert message.text is not None
            assert message.text.startswith('<file name="paper.pdf">')


async def test_what_a_picture_was_is_told_after_an_import(house: House) -> None:
    """How large it was and how many frames it had: what is kept of it tells neither."""
    which = await house.talk()
    data = picture("GIF", (2000, 100), save_all=True, append_images=[Image.new("RGB", (2000, 100))])
    photo = await house.attachments.take_in(which, "moving.gif", data)
    assert (photo.scaled_from, photo.frames) == ((2000, 100), 2)
    await house.say(which, "What is it?", photo)
    read = await house.conversations.read(which)
    told = json.loads(exported(read, "json", await taken_along(house.attachments, read, "json")))
    for size, frames in (((2000, 100), 2), ((0, -5), -1)):
        [named] = told["messages"][0]["said"]["attachments"]
        named["scaled_from"], named["frames"] = size, frames
        [filed] = imported(json.dumps(told))
        files = partial(
            keep_files, house.attachments, read=await read_files(house.attachments, filed)
        )
        after = await house.conversations.take_in(filed, actor="window", files=files)
        [message] = (await house.conversations.read(after)).messages
        assert message.said is not None
        [shown] = message.said.attachments
        believed = size == (2000, 100)
        assert shown.scaled_from == (size if believed else None)
        assert shown.frames == (2 if believed else 1)


async def test_an_imported_file_is_not_believed(house: House) -> None:
    """What it claims to be is read anew; a bad one is named, before anything is started."""
    which = await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"words")
    await house.say(which, "What?", one)
    read = await house.conversations.read(which)
    told = json.loads(exported(read, "json", await taken_along(house.attachments, read, "json")))
    told["files"][0]["data"] = base64.b64encode(b"\x7fELF" + bytes(100)).decode()
    [filed] = imported(json.dumps(told))
    with pytest.raises(Invalid, match=r"the file notes.txt in it can not be taken: .*binary"):
        await read_files(house.attachments, filed)
    del told["files"]
    [filed] = imported(json.dumps(told))
    assert await read_files(house.attachments, filed) == {}
    after = await house.conversations.take_in(filed, actor="window")
    [message] = (await house.conversations.read(after)).messages
    assert message.said is not None
    assert message.said.attachments == ()


async def test_a_file_that_is_gone_is_said_before_a_model_is_asked(house: House) -> None:
    """As after somebody cleared the folder away."""
    which = await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"words")
    asked = await house.say(which, "What?", one)
    for path in house.files():
        path.unlink()
    branch = branch_to(await house.conversations.read(which), asked)
    with pytest.raises(Refused, match=r"notes\.txt .* can not be read") as told:
        await house.attachments.parts_of(which, branch, "yes")
    assert "attach the file again" in told.value.next_action


async def test_a_message_is_found_by_the_name_of_its_file(house: House) -> None:
    """Also where nothing else was said."""
    which = await house.talk()
    one = await house.attachments.take_in(which, "Invoice 2026.txt", b"words")
    asked = await house.say(which, "", one)
    [found] = await house.conversations.search("invoice")
    assert (found.message_id, found.around) == (asked, "Invoice 2026.txt")
    assert await house.conversations.search("receipt") == ()
