"""How any other OpenAI-compatible server is launched: by the argv its owner wrote.

Placeholders: {port} {host} {model} (the name it is to serve) {path} (the recipe's `model`) and
{key}, which is filled in only where it stands; without it the server is not asked for a key.
Never a shell.
"""

from collections.abc import Mapping

from core.engines.environment import child_environment
from core.engines.launch_spec import NEUTRAL, LaunchSpec
from core.recipes.recipe import Recipe
from core.runtimes.runtime import Runtime
from core.settings import Paths

HOST = "127.0.0.1"
KEY = "{key}"


def build(
    recipe: Recipe,
    *,
    runtime: Runtime | None,
    port: int,
    api_key: str | None,
    paths: Paths,
    env: Mapping[str, str],
) -> LaunchSpec:
    """The command for this recipe. `env` is the host's environment; nothing is read from disk."""
    del runtime
    key = api_key if takes_key(recipe) else None
    words = {
        "{port}": str(port),
        "{host}": HOST,
        "{model}": recipe.public_name,
        "{path}": recipe.model,
        KEY: key or "",
    }
    return LaunchSpec(
        argv=tuple(_filled(word, words) for word in (*recipe.command, *recipe.extra_args)),
        env=child_environment(
            env, model=recipe.model, devices=recipe.devices, recipe_env=recipe.env
        ),
        cwd=paths.run / NEUTRAL,
        model_name=recipe.use_model_name or recipe.public_name,
        api_key=key,
        health_path=recipe.health_path,
        must_list=False,
    )


def takes_key(recipe: Recipe) -> bool:
    """Whether the command has a place for our key."""
    return any(KEY in word for word in recipe.command)


def _filled(word: str, words: Mapping[str, str]) -> str:
    """Plain replacement: braces of JSON arguments stay what they are."""
    for name, filled in words.items():
        word = word.replace(name, filled)
    return word
