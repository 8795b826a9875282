"""Titles: asked for once, only of a model at rest, and only taken where they are titles."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.chat import NewReply
from core.chat.title_words import title_of, wish
from core.chat.titles import Titles
from core.conversations import NewMessage
from core.errors import Refused
from tests.core.chat.house import Asker, House, recorded
from tests.core.chat.scripted import DONE, Scripted, chunk


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Herons of Halifax", "Herons of Halifax"),
        ('"Herons of Halifax."', "Herons of Halifax"),
        ("**Title:** Herons of Halifax\n\nIt is short.", "Herons of Halifax"),
        ("# Die Reiher von Halifax", "Die Reiher von Halifax"),
        ("<think>\nA title …\n</think>\n\n「哈利法克斯的苍鹭」", "哈利法克斯的苍鹭"),
        ("标题：苍鹭", "苍鹭"),
        ("\n\n- `What is Rust?`\n", "What is Rust?"),
        ("Ice cream", "Ice cream"),
        ("Island birds", "Island birds"),
        ("C++ moves", "C++ moves"),
    ],
)
def test_a_title_is_cleaned(said: str, title: str) -> None:
    """Thoughts, marks, quotes, a label and a full stop are no part of it."""
    assert title_of(said) == title


@pytest.mark.parametrize(
    "said",
    [
        "",
        "   \n\n",
        "<think>I should find a title",
        "42 !!!",
        "x" * 61,
        "one two three four five six seven eight nine ten eleven",
        "Sure! Here is a title: Herons",
        "I am a small model",
        "I'm sorry, I can not do that",
        "Here's one: Herons",
        "Ich bin ein Modell",
        "好的，标题是苍鹭",
        "Hello there",
    ],
)
def test_what_is_no_title_is_refused(said: str) -> None:
    """Then the first line stays."""
    assert title_of(said) is None


def test_an_answer_said_again_is_no_title() -> None:
    """However it is cut or marked; another title is one."""
    answer = "**They fish** at dawn, and sleep at noon."
    assert title_of("They fish at dawn", answer) is None
    assert title_of("they fish", answer) is None
    assert title_of("Herons that fish", answer) == "Herons that fish"


def test_what_is_read_for_it_is_cut() -> None:
    """A title needs no more."""
    assert len(wish("q" * 10_000, "a" * 10_000)) < 4000


class Titled(House):
    """A home whose answers are followed by a title."""

    def __init__(self, home: Path) -> None:
        self.rests = True
        self.later = Scripted()
        self.wanted = True
        super().__init__(home)
        self.engines["qwen"] = "vllm"

    def open(self) -> None:
        """Open what is there."""
        super().open()
        self.titles = Titles(
            conversations=self.conversations,
            proxy=self._answer,
            engine_of=self.engines.get,
            at_rest=lambda model: self.rests,
            wanted=lambda: self.wanted,
        )
        self.chat._after = (self.titles.after,)

    async def began(self, title: str = "Who are you?") -> tuple[str, str]:
        """A conversation whose title is the first line of its question."""
        which, question = await self.asked()
        await self.conversations.rename(which, title, actor="window", origin="first-line")
        return which, question

    def then(self, script: Scripted) -> Scripted:
        """The answer is as it was said before; whatever is asked after it is answered so."""
        first, self.later = self.script, script
        self.script = _Once(self, first)
        return script

    async def answered(self, which: str, question: str) -> None:
        """An answer, and whatever follows it."""
        view = await self.chat.begin(which, NewReply(model="qwen", to=question), asker=Asker())
        await recorded(self, view)
        await asyncio.sleep(0)
        await asyncio.gather(*self.titles._tasks.values())

    async def title(self, which: str) -> tuple[str | None, str]:
        """What it is called, and by whom."""
        view = await self.conversations.view(which)
        return view.title, view.titled_by


class _Once(Scripted):
    """Answers as another does, and makes room for what follows."""

    def __init__(self, house: Titled, first: Scripted) -> None:
        super().__init__()
        self._house = house
        self._first = first

    async def __call__(self, *asgi: Any) -> None:
        """Serve one request."""
        self._house.script = self._house.later
        await self._first(*asgi)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Titled]:
    """Empty."""
    made = Titled(tmp_path)
    yield made
    await made.chat.close()
    await made.titles.close()
    made.close()


ANSWERS = (chunk("They fish.", finish="stop"), DONE)
TITLE = (chunk("Herons of Halifax", finish="stop"), DONE)


class Titling(Scripted):
    """Answers once, and finds titles from then on."""

    def __init__(self) -> None:
        super().__init__(ANSWERS)

    async def __call__(self, *asgi: Any) -> None:
        """Serve one request."""
        await super().__call__(*asgi)
        self.pieces = list(TITLE)


async def test_the_model_that_answered_finds_a_title(house: Titled) -> None:
    """Without thinking, briefly, loading nothing, as who asked; once."""
    script = house.say(Titling())
    which, question = await house.began()
    await house.answered(which, question)
    assert await house.title(which) == ("Herons of Halifax", "model")
    _, asked = script.asked
    assert asked["chat_template_kwargs"] == {"enable_thinking": False}
    assert (asked["max_tokens"], asked["temperature"]) == (32, 0)
    assert "Who are you?" in asked["messages"][0]["content"]
    assert script.headers[1][b"x-studio-load"] == b"never"
    assert b"x-studio-load" not in script.headers[0]
    assert script.actors == ["window", "window"]
    await house.answered(which, question)
    assert len(script.asked) == 3


async def test_an_engine_that_knows_no_templates_is_told_nothing_of_them(house: Titled) -> None:
    """It would refuse the request."""
    house.engines["qwen"] = "transformers"
    script = house.say(Titling())
    which, question = await house.began()
    await house.answered(which, question)
    assert "chat_template_kwargs" not in script.asked[1]


async def test_what_is_no_title_leaves_the_first_line(house: Titled) -> None:
    """And is not asked for again in this run."""
    script = house.say(Scripted((chunk("Sure! Here it is", finish="stop"), DONE)))
    which, question = await house.began()
    await house.answered(which, question)
    await house.answered(which, question)
    assert await house.title(which) == ("Who are you?", "first-line")
    assert len(script.asked) == 3


async def test_nobody_is_asked_where_none_is_wanted(house: Titled) -> None:
    """A chosen title, no title, a setting that says no, an answer that was cut."""
    script = house.say(Titling())
    which, question = await house.asked()
    await house.answered(which, question)
    await house.conversations.rename(which, "My birds", actor="window")
    await house.answered(which, question)
    house.wanted = False
    which, question = await house.began()
    await house.answered(which, question)
    house.wanted = True
    assert len(script.asked) == 3
    script = house.say(Scripted((chunk("Herons"),), breaks=True))
    await house.answered(which, question)
    assert len(script.asked) == 1


async def test_a_model_that_is_needed_is_left_alone_until_its_next_answer(house: Titled) -> None:
    """Or that is no longer there."""
    script = house.say(Titling())
    house.rests = False
    which, question = await house.began()
    await house.answered(which, question)
    assert len(script.asked) == 1
    house.rests = True
    house.say(Titling())
    await house.answered(which, question)
    assert await house.title(which) == ("Herons of Halifax", "model")


async def test_a_long_conversation_has_its_name(house: Titled) -> None:
    """Nobody is asked late."""
    script = house.say(Titling())
    which, question = await house.began()
    at = question
    for number in range(12):
        said = NewMessage(role="user", text=str(number), parent_id=at)
        at = await house.conversations.add(which, said, actor="window")
    await house.answered(which, at)
    assert len(script.asked) == 1


async def test_who_renames_meanwhile_wins(house: Titled) -> None:
    """The model was already thinking of one."""
    which, question = await house.began()
    house.say(Scripted(ANSWERS))
    script = house.then(Scripted(TITLE, holds_after=0))
    await recorded(house, await house.begin(which, question))
    await script.begun.wait()
    await house.conversations.rename(which, "My birds", actor="window")
    script.go_on.set()
    await asyncio.gather(*house.titles._tasks.values())
    assert await house.title(which) == ("My birds", "person")


async def test_an_erasure_ends_the_search_for_a_title(house: Titled) -> None:
    """No model goes on reading what was erased."""
    which, question = await house.began()
    house.say(Scripted(ANSWERS))
    script = house.then(Scripted(TITLE, holds_after=0))
    await recorded(house, await house.begin(which, question))
    await script.begun.wait()
    await house.titles.end_of(which)
    await house.conversations.erase(which, actor="window")
    assert script.left == 1
    assert not house.titles._tasks
    with pytest.raises(Refused):
        await house.conversations.rename(which, "x", actor="window")


async def test_a_model_that_fails_costs_nobody_anything(house: Titled) -> None:
    """The first line stays."""
    which, question = await house.began()
    house.say(Scripted(ANSWERS))
    failed = house.then(Scripted((b'{"error": {"message": "not in memory"}}',), status=503))
    await house.answered(which, question)
    assert len(failed.asked) == 1
    assert await house.title(which) == ("Who are you?", "first-line")
