"""Four models, each with its own bad habits; any two may be in memory together."""

from pathlib import Path
from typing import Any

from tests.harness.sim import sim_recipe

MODELS = ("brisk", "slow", "stubborn", "flaky")
BUDGET = 2  # how many may be in memory at once
STOP_GRACE_S = 1.5
LOAD_TIMEOUT_S = 4.0

ALL_VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "brisk": {
        "plain": {"fork_grandchild": True},
        "renamed": {"fork_grandchild": True, "recipe": {"notes": "nothing that runs has changed"}},
        "narrow": {"fork_grandchild": True, "recipe": {"concurrency": 3}},
    },
    "slow": {
        "plain": {"load_seconds": 2.0, "stop_seconds": 0.7, "tokens_per_second": 40},
        "early": {"load_seconds": 2.0, "health_while_loading": True, "tokens_per_second": 40},
        "idle": {"load_seconds": 1.0, "tokens_per_second": 60, "recipe": {"ttl_s": 2.0}},
    },
    "stubborn": {
        "plain": {"ignore_sigterm": True, "fork_grandchild": True, "load_seconds": 0.5},
        "orphan": {"fork_grandchild": True, "abandon_grandchild": True, "load_seconds": 0.5},
    },
    "flaky": {
        "plain": {"load_seconds": 0.3},
        "crashes-loading": {"load_seconds": 0.5, "crash_while_loading": 3},
        "hangs-loading": {"hang_while_loading": True},
        "dies-answering": {"die_after_tokens": 15, "tokens_per_second": 60},
        "leaves": {"exit_after": 2.0},
        "errs": {"fail_status": 500},
    },
}
VARIANTS = {model: tuple(variants) for model, variants in ALL_VARIANTS.items()}
SOUND = "plain"


def recipe(model: str, variant: str, registry: Path) -> dict[str, Any]:
    """One of a model's recipes. How long an answer is, the request says."""
    knobs = dict(ALL_VARIANTS[model][variant])
    fields = {
        "load_timeout_s": LOAD_TIMEOUT_S,
        "stop_grace_s": STOP_GRACE_S,
        **knobs.pop("recipe", {}),
    }
    defaults = {"tokens": 100_000, "tokens_per_second": 100, "registry": str(registry)}
    return sim_recipe(model, recipe=fields, **{**defaults, **knobs})
