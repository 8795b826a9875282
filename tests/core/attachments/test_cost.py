"""What files take of a model: counted where somebody counts, estimated otherwise, and said so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.attachments.cost import MOST_COUNTED, Costs
from core.errors import NotFound
from core.recipes.book import RecipeBook
from events.facts import RecipeCreated
from tests.core.attachments.house import House
from tests.core.attachments.made import picture

EYES = {"architectures": ["LlavaForConditionalGeneration"], "vision_config": {"patch_size": 14}}
BLIND = {"architectures": ["LlamaForCausalLM"]}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An empty home."""
    house = House(tmp_path)
    yield house
    house.close()


class Engine:
    """Counts words, as an engine in memory does; asked for nothing twice."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.resident = True

    async def count(self, model: str, text: str) -> int | None:
        """Words."""
        if not self.resident:
            return None
        self.asked.append((model, text))
        return len(text.split())


async def costs(house: House, engine: Engine, **models: dict[str, Any]) -> Costs:
    """For recipes with these configurations."""
    for name, config in models.items():
        folder = house.home / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config))
        recipe = {"id": name, "model": str(folder)}
        await house.store.append(
            f"recipe-{name}", [RecipeCreated(recipe_id=name, recipe=recipe)], actor="cli"
        )
    return Costs(
        attachments=house.attachments,
        book=RecipeBook(house.store, default=lambda: None),
        folders=(),
        count=engine.count,
        context_of=lambda model: 4096 if model == "blind" else None,
    )


async def test_an_engine_that_is_in_memory_counts(house: House) -> None:
    """Text with the block around it; each file once."""
    engine = Engine()
    weighs = await costs(house, engine, blind=BLIND)
    which = await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"three plain words")
    cost = await weighs.of(which, "blind", "and two", [one.id])
    assert (cost.tokens, cost.exact, cost.context, cost.sees) == (6 + 2, True, 4096, "no")
    assert [(file.id, file.tokens, file.exact) for file in cost.files] == [(one.id, 6, True)]
    await weighs.of(which, "blind", "", [one.id])
    assert [text for _, text in engine.asked] == [
        '<file name="notes.txt">\nthree plain words\n</file>',
        "and two",
    ]


async def test_without_one_it_is_an_estimate_and_says_so(house: House) -> None:
    """Also where the text is longer than an engine is asked to count."""
    engine = Engine()
    engine.resident = False
    weighs = await costs(house, engine, blind=BLIND)
    which = await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"three plain words")
    cost = await weighs.of(which, "blind", "", [one.id])
    assert not cost.exact
    assert 10 <= cost.tokens <= 20
    engine.resident = True
    long = await house.attachments.take_in(which, "long.txt", b"word " * (MOST_COUNTED // 4))
    cost = await weighs.of(which, "blind", "", [long.id])
    assert (cost.exact, engine.asked) == (False, [])


async def test_who_sees_is_told_the_picture_and_who_does_not_its_name(house: House) -> None:
    """Read from the model's own configuration; an unknown model may see."""
    engine = Engine()
    weighs = await costs(house, engine, sees=EYES, blind=BLIND)
    which = await house.talk()
    one = await house.attachments.take_in(which, "shot.png", picture("PNG", (280, 140)))
    cost = await weighs.of(which, "sees", "", [one.id])
    assert (cost.sees, cost.tokens, cost.exact) == ("yes", 50, False)
    cost = await weighs.of(which, "blind", "", [one.id])
    assert (cost.sees, cost.exact) == ("no", True)
    assert "not shown pictures" in engine.asked[-1][1]
    assert weighs.sees("nobody") == "unknown"
    asked = await house.say(which, "What?", one)
    branch = [await house.conversations.message(which, asked)]
    [shown] = (await weighs.told(which, branch, "sees"))[asked]
    assert shown["type"] == "image_url"
    [said] = (await weighs.told(which, branch, "blind"))[asked]
    assert said["type"] == "text"


async def test_a_file_of_another_conversation_is_none(house: House) -> None:
    """Its cost would tell that it is there."""
    weighs = await costs(house, Engine(), blind=BLIND)
    which, other = await house.talk(), await house.talk()
    one = await house.attachments.take_in(which, "notes.txt", b"words")
    with pytest.raises(NotFound):
        await weighs.of(other, "blind", "", [one.id])
