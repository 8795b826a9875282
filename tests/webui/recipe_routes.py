"""What the stand-in answers about recipes by the studio's own rules: fields, command lines."""

from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from core.engines.launches import build
from core.engines.sketch import argument_changes, masked, not_installed, sketch, variable_changes
from core.engines.spelled import described_fields
from core.errors import Invalid
from core.recipes.recipe import Recipe
from core.recipes.stored import from_data
from core.recipes.validation import every_problem, parse_recipe
from core.settings import Settings

Json = dict[str, Any]
SETTINGS = Settings(home=Path("/home/somebody/.local/share/vllm-studio"))


def sketched(recipe: Recipe) -> Any:
    """With nothing installed and nothing of this machine."""
    runtime = None if recipe.engine == "command" else not_installed(recipe.engine, SETTINGS)
    return sketch(
        masked(recipe),
        runtime,
        host={},
        build=lambda told, where, port, key, env: build(
            told, runtime=where, port=port, api_key=key, settings=SETTINGS, env=env
        ),
    )


@get("/api/recipes/fields", sync_to_thread=False)
def fields() -> Any:
    """The real ones."""
    return described_fields()


@post("/api/recipes/preview", status_code=200)
async def preview(data: JSONBody[Json]) -> Response[Any]:
    """The command line, by the builders that launch."""
    try:
        after = sketched(parse_recipe(data["recipe"]))
    except Invalid as error:
        return Response({"title": "Refused", "detail": error.message}, status_code=400)
    before = sketched(from_data(data["against"])) if data["against"] else None
    return Response(
        {
            "engine": data["recipe"].get("engine", "vllm"),
            "runtime": None,
            "missing": "",
            "doubt": "",
            "arguments": argument_changes(before, after),
            "variables": variable_changes(before, after),
            "passed": [],
            "text": after.text,
            "changes": 0,
        }
    )


@post("/api/recipes/check", status_code=200)
async def check(data: JSONBody[Json]) -> Any:
    """Every mistake, by the real rules."""
    return {"problems": every_problem(data)}


HANDLERS: list[HTTPRouteHandler] = [fields, preview, check]
