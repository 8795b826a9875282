"""A key or a password that stands in a recipe outside of `env` would be in the log for ever.

Only what can be nothing else is refused: keys by the shapes that their makers gave them, and
addresses with a password inside. Variables are another matter (secrets_in_env.py): there values
are taken out of the recipe, and the same shapes tell which, whatever the variable is called.
"""

from collections.abc import Iterator

import msgspec

from core.masking import holds_secret
from core.recipes.problem import Problem, wrong
from core.recipes.recipe import Recipe


def no_secret_stands_in_clear(recipe: Recipe) -> Iterator[Problem]:
    """Every text but the values of `env`; what was found is not repeated."""
    plain = msgspec.to_builtins(recipe)
    plain.pop("env", None)
    for path, text in texts_in(plain):
        if holds_secret(text):
            yield wrong(
                path,
                f"{path} holds a key or a password, and the log would keep it for ever: "
                "put it under env, where it is kept apart",
            )


def texts_in(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of plain data, with its path as a person would write it; names too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from texts_in(inner, f"{path}.{name}" if path else str(name))
            if holds_secret(str(name)):
                yield path, str(name)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from texts_in(inner, f"{path}[{index}]")
