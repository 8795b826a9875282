"""Secret values of a recipe's environment never reach the log."""

from pathlib import Path

import pytest

from core.errors import Invalid
from core.recipes.recipe import Recipe
from core.recipes.secrets_in_env import looks_secret, resolve_env, split_secrets
from core.secrets import Secrets

TOKEN = "hf_abcdefghijklmnopqrst"


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """An empty store."""
    return Secrets(tmp_path / "secrets")


def recipe(**env: str) -> Recipe:
    """A recipe with this environment."""
    return Recipe(id="qwen", model="m", env=env)


def test_a_secret_is_kept_apart_and_found_again(secrets: Secrets) -> None:
    """The recipe holds a reference, the engine gets the value."""
    split = split_secrets(recipe(HF_TOKEN=TOKEN, OMP_NUM_THREADS="4"), secrets)
    assert split.env["OMP_NUM_THREADS"] == "4"
    assert split.env["HF_TOKEN"].startswith("@secret:recipe.qwen.HF_TOKEN.")
    assert TOKEN not in repr(split)
    assert resolve_env(split, secrets) == {"HF_TOKEN": TOKEN, "OMP_NUM_THREADS": "4"}
    assert secrets.mask(f"with {TOKEN}") == "with •••"


def test_the_same_value_again_is_the_same_recipe(secrets: Secrets) -> None:
    """Saving without a change stays without a fact."""
    first = split_secrets(recipe(HF_TOKEN=TOKEN), secrets)
    assert split_secrets(recipe(HF_TOKEN=TOKEN), secrets) == first
    assert split_secrets(first, secrets) == first
    assert len(secrets.names()) == 1


def test_a_changed_value_leaves_the_older_revision_working(secrets: Secrets) -> None:
    """A refused change, or a return to yesterday, finds the value of yesterday."""
    old = split_secrets(recipe(HF_TOKEN=TOKEN), secrets)
    new = split_secrets(recipe(HF_TOKEN=TOKEN + "2"), secrets)
    assert new != old
    assert resolve_env(old, secrets) == {"HF_TOKEN": TOKEN}
    assert resolve_env(new, secrets) == {"HF_TOKEN": TOKEN + "2"}


def test_a_recipe_never_reaches_the_keys_of_the_app(secrets: Secrets) -> None:
    """A reference to the owner's token would hand it to a program of somebody's choice."""
    secrets.put("owner-token", "sk-owner-token")
    for take in (split_secrets, resolve_env):
        with pytest.raises(Invalid) as error:
            take(recipe(X="@secret:owner-token"), secrets)
        assert error.value.field == "env.X"
    for path in ("@secret:recipe.../owner-token", "@secret:recipe./../owner-token"):
        with pytest.raises(Invalid):
            resolve_env(recipe(X=path), secrets)


def test_a_secret_that_is_not_here_says_what_to_do(secrets: Secrets) -> None:
    """An imported recipe brings references, never values."""
    with pytest.raises(Invalid) as error:
        resolve_env(recipe(HF_TOKEN="@secret:recipe.qwen.HF_TOKEN.00000000"), secrets)
    assert error.value.code == "secret-missing"
    assert error.value.field == "env.HF_TOKEN"
    assert "HF_TOKEN" in error.value.next_action


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("HF_TOKEN", "x", True),
        ("WANDB_API_KEY", "x", True),
        ("db_password", "x", True),
        ("HF_TOKEN", "", False),
        ("TOKENIZERS_PARALLELISM", "false", False),
        ("MONKEY", "x", False),
        ("VLLM_LOGGING_LEVEL", "DEBUG", False),
        ("CACHE", "redis://user:pass@host/0", True),
        ("CACHE", "redis://host/0", False),
        ("ANY", TOKEN, True),
        ("ANY", "sk-0123456789abcdef0123", True),
        ("ANY", "sky-blue", False),
    ],
)
def test_a_secret_is_known_by_its_name_or_its_value(name: str, value: str, secret: bool) -> None:
    """By whole words of the name, so that tokenizers are no tokens."""
    assert looks_secret(name, value) is secret
