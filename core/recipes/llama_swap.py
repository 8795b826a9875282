"""Take over the `models:` of a llama-swap configuration: each `cmd` becomes a command recipe.

Only what has the same meaning here is taken; the rest of that file is about its own program.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from core.recipes.slug import free_id, is_id


def is_llama_swap(content: Mapping[Any, Any]) -> bool:
    """A table of models, each with a command."""
    models = content.get("models")
    return (
        isinstance(models, Mapping)
        and bool(models)
        and all(isinstance(m, Mapping) and "cmd" in m for m in models.values())
    )


def from_llama_swap(content: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Recipes as plain data, in the order of the file. Raises Invalid for what can not be taken."""
    recipes: list[dict[str, Any]] = []
    for name, model in content["models"].items():
        taken = {recipe["id"] for recipe in recipes}
        recipes.append(_recipe(str(name), model, taken))
    return recipes


def _recipe(name: str, model: Mapping[str, Any], taken: set[str]) -> dict[str, Any]:
    recipe_id = name if is_id(name) and name not in taken else free_id(name, taken)
    recipe: dict[str, Any] = {
        "id": recipe_id,
        "name": str(model.get("name") or name),
        "notes": str(model.get("description") or ""),
        "engine": "command",
        "command": _command(name, model["cmd"]),
        "aliases": list(model.get("aliases") or ()),
        "unlisted": bool(model.get("unlisted")),
        "env": _environment(name, model.get("env") or ()),
    }
    if recipe_id != name:
        recipe["served_name"] = name
    if isinstance(health := model.get("checkEndpoint"), str) and health.startswith("/"):
        recipe["health_path"] = health
    if isinstance(ttl := model.get("ttl"), int | float) and ttl > 0:
        recipe["ttl_s"] = ttl
    if upstream := model.get("useModelName"):
        recipe["use_model_name"] = str(upstream)
    return recipe | _filters(name, model.get("filters") or {})


def _filters(name: str, filters: object) -> dict[str, Any]:
    """`stripParams` is text with commas there; both of its spellings are in use."""
    if not isinstance(filters, Mapping):
        raise Invalid(f"models.{name}.filters should be a table", field=f"models.{name}.filters")
    strip = filters.get("stripParams") or filters.get("strip_params") or ""
    names = strip if isinstance(strip, list) else str(strip).split(",")
    taken: dict[str, Any] = {}
    if stripped := [str(one).strip() for one in names if str(one).strip() not in ("", "model")]:
        taken["strip_params"] = stripped
    if put := filters.get("setParams") or filters.get("set_params"):
        taken["set_params"] = put
    return taken


def _command(name: str, cmd: object) -> list[str]:
    """Its lines are one command, with comments between them; ${PORT} is our {port}."""
    if not isinstance(cmd, str):
        raise Invalid(f"models.{name}.cmd should be text", field=f"models.{name}.cmd")
    lines = (line for line in cmd.splitlines() if not line.lstrip().startswith("#"))
    joined = " ".join(line.rstrip().removesuffix("\\") for line in lines)
    try:
        words = shlex.split(joined)
    except ValueError as error:
        raise Invalid(f"models.{name}.cmd: {error}", field=f"models.{name}.cmd") from None
    words = [word.replace("${PORT}", "{port}").replace("${MODEL_ID}", "{model}") for word in words]
    if macro := next((word for word in words if "${" in word), None):
        raise Invalid(
            f"models.{name}.cmd uses a macro: {macro}",
            field=f"models.{name}.cmd",
            next_action="Write its value in place of the macro, then import again.",
        )
    return words


def _environment(name: str, env: object) -> dict[str, str]:
    if not isinstance(env, list | tuple) or not all(isinstance(e, str) and "=" in e for e in env):
        raise Invalid(
            f"models.{name}.env should be a list of NAME=value", field=f"models.{name}.env"
        )
    return dict(entry.split("=", 1) for entry in env)
