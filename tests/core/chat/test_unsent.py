"""What is written and not sent is there for the next window, and nowhere else."""

import pytest

from core.chat import unsent as module
from core.chat.unsent import Unsent
from core.errors import Invalid
from tests.core.chat.house import House


def test_the_last_words_of_each_conversation_are_kept() -> None:
    """A new one has a text of its own; blanks are nothing."""
    unsent = Unsent()
    unsent.keep("", "a new one")
    unsent.keep("1", "first")
    unsent.keep("1", "first and more")
    assert unsent.all() == {"": "a new one", "1": "first and more"}
    unsent.keep("", " \n")
    assert unsent.all() == {"1": "first and more"}


def test_what_was_written_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is too long is refused, with what there was kept."""
    monkeypatch.setattr(module, "MOST", 2)
    monkeypatch.setattr(module, "MOST_LETTERS", 10)
    unsent = Unsent()
    for which in ("1", "2", "1", "3"):
        unsent.keep(which, which * 10)
    assert list(unsent.all()) == ["1", "3"]
    with pytest.raises(Invalid) as refused:
        unsent.keep("3", "x" * 11)
    assert refused.value.field == "text"
    assert unsent.all()["3"] == "3" * 10


async def test_it_goes_with_its_conversation(house: House) -> None:
    """Whoever erases one erases that too."""
    which, _ = await house.asked()
    house.chat.unsent.keep(which, "and then")
    house.chat.unsent.keep("", "something else")
    await house.chat.end_of(which)
    assert house.chat.unsent.all() == {"": "something else"}
