"""How a recipe's fields become an engine's flags: one table per engine, one row per field.

None emits nothing: the engine's own default stands. False never emits a flag either; who wants a
default switched off writes the engine's own word for it into `extra_args`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.recipes.recipe import Lora, Recipe, Speculative

Emit = Callable[[Any], Sequence[str]]
Table = Mapping[str, Emit]

# What is not a flag of the engine: who the recipe is, how it is called, how long it lives.
# `model`, `served_name`, `devices`, `env`, `extra_args` and `sleep` are placed by each builder.
NOT_FLAGS = frozenset(
    str.split(
        "id name notes engine runtime model command health_path served_name aliases unlisted "
        "devices env extra_args ttl_s pinned preload load_timeout_s stop_grace_s concurrency price "
        "use_model_name strip_params set_params presets lane fallbacks priority "
        "cache cache_ttl_s cache_shared single_flight "
        "nodes node_backend node_address sleep sleeper_ttl_s"
    )
)


def value(flag: str) -> Emit:
    """`--flag VALUE`."""
    return lambda given: (flag, str(given))


def switch(*flags: str) -> Emit:
    """`--flag` alone, when true."""
    return lambda _given: flags


def with_switch(extra: str, flag: str) -> Emit:
    """`--extra --flag VALUE`: the value only works together with the switch."""
    return lambda given: (extra, flag, str(given))


def nothing(_given: Any) -> Sequence[str]:  # noqa: ANN401 - any field's value
    """Said some other way (in the environment), or already the engine's default when true."""
    return ()


def lora_modules(first: Sequence[str], flag: str) -> Emit:
    """`--flag name=path name=path`."""

    def emit(loras: tuple[Lora, ...]) -> Sequence[str]:
        return (*first, flag, *(f"{lora.name}={lora.path}" for lora in loras))

    return emit


def speculative_json(flag: str) -> Emit:
    """vLLM takes speculative decoding as one JSON object."""

    def emit(given: Speculative) -> Sequence[str]:
        config: dict[str, Any] = {"method": given.method, "num_speculative_tokens": given.tokens}
        if given.model is not None:
            config["model"] = given.model
        return (flag, json.dumps(config, sort_keys=True))

    return emit


def flags_of(recipe: Recipe, table: Table) -> tuple[str, ...]:
    """The flags for every field that is set, in the table's order."""
    words: list[str] = []
    for field, emit in table.items():
        if is_set(given := getattr(recipe, field)):
            words.extend(emit(given))
    return tuple(words)


def unsupported(recipe: Recipe, table: Table) -> tuple[str, ...]:
    """Fields that are set in the recipe and mean nothing to this engine."""
    fields = set(recipe.__struct_fields__) - NOT_FLAGS - set(table)
    return tuple(sorted(field for field in fields if is_set(getattr(recipe, field))))


def is_set(given: object) -> bool:
    """Whether a field says anything: not None, not False, not empty. A zero is said."""
    return given is not None and given is not False and given not in ("", ())
