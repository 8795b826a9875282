"""`/api/recipes/preview`: what a recipe would launch, and what that differs in from another."""

from typing import Any

import msgspec
from litestar import post

from core.application import Application
from core.engines.arguments import Compared
from core.engines.sketch import (
    ComparedVariable,
    argument_changes,
    variable_changes,
)
from core.errors import StudioError
from core.recipes.stored import from_data
from core.recipes.validation import parse_recipe


class PreviewWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body: a recipe, saved or not, and one that it is compared with."""

    recipe: dict[str, Any]
    against: dict[str, Any] | None = None


class LaunchPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A command line with placeholders: {port} for the port, ••• for every secret."""

    engine: str
    runtime: str | None  # None: a command, or not installed here
    missing: str  # what is not installed; empty: nothing is missing
    doubt: str  # what could not be settled on this machine
    arguments: tuple[Compared, ...]  # the program first, with an empty flag
    variables: tuple[ComparedVariable, ...]  # that are set for it
    passed: tuple[str, ...]  # names of this machine's variables that it gets as well
    text: str  # one line for a shell
    changes: int  # arguments and variables that are not as in `against`


@post("/recipes/preview", status_code=200)
async def preview_launch(application: Application, data: PreviewWish) -> LaunchPreview:
    """The command line a launch would use now. Nothing is started, and no secret is shown."""
    after = application.fleet.sketch(parse_recipe(data.recipe))
    try:
        before = application.fleet.sketch(from_data(data.against)) if data.against else None
    except StudioError:  # saved by another version: there is nothing to compare with
        before = None
    arguments = tuple(argument_changes(before, after))
    variables = tuple(variable_changes(before, after))
    return LaunchPreview(
        engine=str(data.recipe.get("engine") or "vllm"),
        runtime=after.runtime,
        missing=after.missing,
        doubt=after.doubt,
        arguments=arguments,
        variables=variables,
        passed=after.passed,
        text=after.text,
        changes=sum(one.change != "same" for one in arguments)
        + sum(one.change != "same" for one in variables),
    )


HANDLERS = (preview_launch,)
