"""Keep secret values of a recipe's environment out of the recipe.

    split_secrets   env {HF_TOKEN: "hf_abc…"} becomes {HF_TOKEN: "@secret:recipe.qwen.HF_TOKEN.1…"}
                    and the value goes to a 0600 file
    resolve_env     the value again, for the engine's own environment only

A value is kept under a name of its own, and never overwritten: a change that is refused afterwards
has changed nothing, a changed secret is a new revision, and an old revision still works.
A recipe may refer only to secrets of recipes, never to the app's own keys.
"""

import re
import secrets as randomness

import msgspec

from core.errors import Invalid
from core.masking import holds_secret
from core.recipes.recipe import Recipe
from core.secrets import Secrets

REFERENCE = "@secret:"
_OF_RECIPES = f"{REFERENCE}recipe."
_WORDS = frozenset(
    {"APIKEY", "AUTH", "CREDENTIAL", "CREDENTIALS", "KEY", "PASS", "PASSPHRASE", "PASSWD"}
    | {"PASSWORD", "PAT", "PWD", "SECRET", "TOKEN"}
)
# Whatever the variable is called: well known shapes of keys, and addresses with a password inside.
_VALUES = re.compile(
    r"(?:hf|gh[pousr]|github_pat|glpat|sk|xox[abp])[-_][A-Za-z0-9_-]{16,}"
    r"|[a-z0-9+]+://[^/\s:@]*:[^/\s@]+@.*"
)


def split_secrets(recipe: Recipe, secrets: Secrets) -> Recipe:
    """The recipe with references where secret values stood; the values are now in `secrets`.

    Raises Invalid when it refers to a secret that is not a recipe's.
    """
    env = {name: _kept(recipe.id, name, value, secrets) for name, value in recipe.env.items()}
    return msgspec.structs.replace(recipe, env=env)


def _kept(recipe_id: str, name: str, value: str, secrets: Secrets) -> str:
    if value.startswith(REFERENCE):
        _demand_of_recipe(name, value)
        return value
    if not looks_secret(name, value):
        return value
    return REFERENCE + _kept_name(f"recipe.{recipe_id}.{name}", value, secrets)


def _kept_name(prefix: str, value: str, secrets: Secrets) -> str:
    """The name under which this very value is kept already, or a new one."""
    ours = re.compile(re.escape(prefix) + r"\.[0-9a-f]{8}")
    for name in secrets.names():
        if ours.fullmatch(name) and secrets.get(name) == value:
            return name
    return secrets.put(f"{prefix}.{randomness.token_hex(4)}", value)


def looks_secret(name: str, value: str) -> bool:
    """By the words of its name (HF_TOKEN, but not TOKENIZERS_PARALLELISM), or by its value."""
    if not value:
        return False
    named = not _WORDS.isdisjoint(name.upper().split("_"))
    return named or _VALUES.fullmatch(value) is not None or holds_secret(value)


def resolve_env(recipe: Recipe, secrets: Secrets) -> dict[str, str]:
    """The environment with real values, for the engine alone. Raises Invalid when one is gone."""
    return {name: _resolved(name, value, secrets) for name, value in recipe.env.items()}


def _resolved(name: str, value: str, secrets: Secrets) -> str:
    if not value.startswith(REFERENCE):
        return value
    _demand_of_recipe(name, value)
    real = secrets.get(value.removeprefix(REFERENCE))
    if real is None:
        raise Invalid(
            f"The secret value of {name} is not on this machine",
            field=f"env.{name}",
            code="secret-missing",
            next_action=f"Enter {name} again in the recipe.",
        )
    return real


def _demand_of_recipe(name: str, value: str) -> None:
    if not value.startswith(_OF_RECIPES):
        raise Invalid(
            f"{name} may not refer to a secret of the app",
            field=f"env.{name}",
            code="secret-not-allowed",
        )
