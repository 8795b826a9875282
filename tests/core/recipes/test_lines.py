"""Where in a file something stands, so that an error can point at it."""

import tomllib
from typing import Any

import pytest
import yaml

from core.recipes.lines import Lines, line_of, steps

TOML = '''\
# recipes
[[recipes]]
id = "a"
notes = """
[[recipes]]
contxt = 3
"""

[[recipes]]
id = "b"
contxt = 3
price = { input_per_milion = 3 }

[recipes.env]
PORT = true

[[recipes.loras]]
name = "x"
pth = "/x"
'''
YAML = """\
recipes:
- id: a
  notes: |
    contxt: 3
- id: b
  contxt: 3
  env: {PORT: true}
  loras:
  - name: x
    pth: y
"""


def test_a_path_is_taken_apart() -> None:
    """As messages write it."""
    assert steps("loras[0].path") == ["loras", 0, "path"]
    assert steps("") == []


@pytest.mark.parametrize(
    ("field", "line"),
    [
        *[("contxt", 11), ("price.input_per_milion", 12), ("env.PORT", 15)],
        *[("loras[0].pth", 19), ("model", 9), (None, 9)],
    ],
)
def test_toml(field: str | None, line: int) -> None:
    """What looks alike inside of a long text is passed over; what is not there: its recipe."""
    assert line_of(TOML, "toml", 2, field) == line


def test_toml_of_a_single_recipe_has_no_header() -> None:
    """The file is the recipe."""
    assert line_of('id = "a"\ncontxt = 3\n', "toml", 1, "contxt") == 2


@pytest.mark.parametrize(
    ("field", "line"),
    [*[("contxt", 6), ("env.PORT", 7), ("loras[0].pth", 10), ("model", 5), (None, 5)]],
)
def test_yaml(field: str | None, line: int) -> None:
    """By the marks of its nodes."""
    assert line_of(YAML, "yaml", 2, field) == line


def test_json_with_tabs() -> None:
    """JSON is YAML but for the tabs."""
    text = '{\n\t"recipes": [\n\t{"id":"a"},\n\t{"id":"b",\n\t "contxt": 3}]}'
    assert line_of(text, "json", 2, "contxt") == 5


def test_models_of_llama_swap() -> None:
    """By their place in the file, or by the path that their own error names."""
    text = "models:\n  qwen2.5:\n    cmd: a ${macro}\n  b:\n    cmd: c\n"
    assert line_of(text, "yaml", 2, "command") == 4
    assert line_of(text, "yaml", 0, "models.qwen2.5.cmd") == 3


def test_what_can_not_be_found_has_no_line() -> None:
    """Never a wrong one, and never an error of its own."""
    assert line_of(TOML, "toml", 5, "id") is None
    assert line_of("{", "json", 1, "id") is None
    assert line_of("- a", "yaml", 3, None) is None


@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_many_recipes_are_not_read_over_and_over(
    format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their number, all of it is read a few times: a preview asks for every line."""
    one = '[[recipes]]\nid = "a"\n' if format == "toml" else "- id: a\n"
    text, read = one * 200, 0
    loads, compose = tomllib.loads, yaml.compose

    def counted(reader: Any, told: str, **more: Any) -> Any:
        nonlocal read
        read += len(told)
        return reader(told, **more)

    monkeypatch.setattr(tomllib, "loads", lambda told: counted(loads, told))
    monkeypatch.setattr(yaml, "compose", lambda told, **more: counted(compose, told, **more))
    lines = Lines(text, format)
    step = one.count("\n")
    assert [lines.of(at + 1, None) for at in range(200)] == [1 + at * step for at in range(200)]
    assert lines.of(200, "id") == 200 * step
    assert read <= 3 * len(text)


@pytest.mark.parametrize("format", ["toml", "yaml", "json"])
def test_a_text_that_is_too_large_is_not_read_for_its_lines(format: str) -> None:
    """It was refused unread; to look for a line in it would take minutes."""
    assert line_of("a = 1\n" + "#" * 1_000_000, format, 1, "a") is None
