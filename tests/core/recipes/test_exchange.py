"""Recipes go out as TOML, YAML and JSON and come back the same; what is wrong is told exactly."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.recipes.exchange import dump, format_of, load
from core.recipes.recipe import Recipe
from core.recipes.syntax import Unreadable
from core.recipes.validation import check
from tests.core.recipes.generated import recipes

FORMATS = ("toml", "yaml", "json")
QWEN = Recipe(id="qwen", model="Qwen/Qwen3-8B", env={"HF_TOKEN": "@secret:recipe.qwen.HF_TOKEN"})


@pytest.mark.parametrize("format", FORMATS)
@given(some=st.lists(recipes(), min_size=1, max_size=3, unique_by=lambda recipe: recipe.id))
@settings(max_examples=25, deadline=None)
def test_every_valid_recipe_survives_the_round_trip(format: str, some: list[Recipe]) -> None:
    """Whatever can be saved can be exported, and comes back equal, in each format."""
    assert load(dump(some, format), format) == some


@given(recipe=recipes())
@settings(max_examples=40, deadline=None)
def test_generated_recipes_are_valid(recipe: Recipe) -> None:
    """The generator above makes what the rules allow, so the round trip is about real recipes."""
    assert [problem for problem in check(recipe) if problem.severity == "error"] == []


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_a_file_explains_itself(format: str) -> None:
    """Formats with comments begin with what the file is."""
    assert dump([QWEN], format).startswith("# Recipes of vLLM Studio")


@pytest.mark.parametrize("format", FORMATS)
def test_only_what_is_set_is_written(format: str) -> None:
    """A default of today must not become a wish for ever."""
    text = dump([QWEN], format)
    assert "Qwen/Qwen3-8B" in text
    assert "tensor_parallel" not in text
    assert "load_timeout_s" not in text


@pytest.mark.parametrize(
    ("format", "text", "line", "column"),
    [
        ("toml", '[[recipes]]\nid = "a"\nmodel = \n', 3, 9),
        ("toml", '[[recipes]]\nid = "a', 2, 8),
        ("toml", '[[recipes]]\nid = "a"\nid = "b"\n', 3, 9),
        ("yaml", "recipes:\n  - id: a\n   model: b\n", 3, 4),
        ("yaml", "id: a\nmodel: b\nid: c\n", 3, 1),
        ("yaml", "id: a\nmodel: [b\n", 3, 1),
        ("yaml", "id: a\nmodel: !!python/object:os.system x\n", 2, 8),
        ("json", '{"id": "a",\n "model" "b"}', 2, 10),
    ],
)
def test_a_syntax_error_names_line_and_column(
    format: str, text: str, line: int, column: int
) -> None:
    """Whoever wrote the file can put the cursor there."""
    with pytest.raises(Unreadable) as error:
        load(text, format)
    assert (error.value.line, error.value.column) == (line, column)
    assert f"line {line}, column {column}" in error.value.message


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("json", '{"id": "a", "id": "b"}'),
        ("json", '{"id": "a", "model": "m", "ttl_s": NaN}'),
        ("json", "[" * 100_000),
        ("yaml", "[" * 3_000),
        ("yaml", "id: a\nrevision: 2026-13-45\n"),
        ("yaml", "id: \x01"),
        ("toml", "id = 'a'\nseed = " + "9" * 5000),
        ("json", '{"id": "a", "model": "m", "ttl_s": 1e999}'),
        ("json", '{"id": "a", "model": "m", "ttl_s": ' + "9" * 400 + "}"),
        ("yaml", "? [a]\n: b\n"),
        ("yaml", "? {a: b}\n: c\n"),
    ],
)
def test_what_would_be_lost_or_misread_is_refused(format: str, text: str) -> None:
    """A key that stands twice, a number that is none, nesting without end: an error, no guess."""
    with pytest.raises(Invalid):
        load(text, format)


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("- {id: a, model: m}\n- {id: b, modle: m}", "modle", ["Recipe 2 (b)", "'model'"]),
        ("- {id: a, model: m}\n- {id: a, model: n}", "id", ["'a'"]),
        ("{id: a, model: m, revision: 2026-11-23}", "revision", ["a date", "quotes"]),
        ("{id: a, model: m, served_name: no}", "served_name", ["true or false", "quotes"]),
        ("recipes: []", None, ["no recipe"]),
        ("", None, ["no recipe"]),
        ("- 3", None, ["Recipe 1"]),
        ("recipes: [{id: a, model: m}]\nrecipe: 3", "recipe", ["recipe"]),
    ],
)
def test_a_wrong_recipe_is_named_with_its_field(
    text: str, field: str | None, words: list[str]
) -> None:
    """In a file with many recipes, the error says which one and where in it."""
    with pytest.raises(Invalid) as error:
        load(text, "yaml")
    assert error.value.field == field
    for word in words:
        assert word in error.value.message


def test_one_recipe_needs_no_list() -> None:
    """A file with a single recipe may hold it at the top level; a bare list is fine too."""
    expected = [Recipe(id="a", model="m")]
    assert load('id = "a"\nmodel = "m"', "toml") == expected
    assert load('[{"id": "a", "model": "m"}]', "json") == expected


def test_a_yaml_bomb_stays_small() -> None:
    """Aliases of aliases are refused as what they are: no text."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(20)
    )
    with pytest.raises(Invalid):
        load(bomb, "yaml")
    with pytest.raises(Invalid):
        load(bomb + "id: x\nmodel: *u\n", "yaml")
    with pytest.raises(Invalid):
        load("recipes:\n- id: x\n  model: m\n  env: {A: *u}\n" + bomb, "yaml")


def test_a_text_without_end_is_refused_before_it_is_read() -> None:
    """A megabyte is more than anybody's recipes."""
    with pytest.raises(Invalid, match="longer than"):
        load("#" * 1_000_001, "toml")


def test_a_byte_order_mark_is_no_content() -> None:
    """Editors on Windows put one in front."""
    assert load('\ufeffid = "a"\nmodel = "m"', "toml") == [Recipe(id="a", model="m")]


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.toml", "toml"), ("b.YML", "yaml"), ("c.yaml", "yaml"), ("d.json", "json")],
)
def test_the_format_is_told_by_the_ending(name: str, format: str) -> None:
    """People name files, not formats."""
    assert format_of(name) == format


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    """A typo is answered with what was meant."""
    with pytest.raises(Invalid, match="'toml'") as error:
        load("", "tmol")
    assert error.value.field == "format"


def test_the_example_in_the_readme_is_right() -> None:
    """Whoever copies it gets two recipes."""
    readme = Path(__file__).parents[3] / "core" / "recipes" / "README.md"
    example = readme.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    assert [recipe.id for recipe in load(example, "toml")] == ["qwen", "own"]


def test_every_file_stands_in_the_readme() -> None:
    """The map of the folder is true."""
    folder = Path(__file__).parents[3] / "core" / "recipes"
    text = (folder / "README.md").read_text("utf-8")
    for file in folder.glob("[!_]*.py"):
        assert f"`{file.name}`" in text, file.name
