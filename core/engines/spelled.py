"""What each field of a recipe becomes on each engine's command line, or in its environment.

Found out by building two launches that differ in the field alone, so it is true by construction.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from core.engines.arguments import arguments_of
from core.engines.launches import build
from core.engines.sketch import not_installed
from core.recipes.fields import FIELDS, FieldInfo
from core.recipes.recipe import EngineKind, Lora, Recipe, Speculative
from core.settings import Settings

_SAMPLES: dict[str, Any] = {
    "whole": 3,
    "number": 0.5,
    "switch": True,
    "maybe": True,
    "names": ("a",),
    "lines": ("a", "{port}"),
    "devices": (1,),
    "text": "sample",
    "prose": "sample",
}
_SAMPLE: dict[str, Any] = {
    "node_address": "10.0.0.2:2",
    "node_backend": "ray",
    "sleep": "1",
    "loras": (Lora(name="a", path="/a"),),
    "speculative": Speculative(method="ngram", model="draft"),
}
# A recipe on several machines, to see what belongs to which of its fields.
_SPREAD = {"nodes": 2, "node_backend": "engine", "node_address": "10.0.0.1:1"}


@lru_cache(maxsize=1)
def described_fields() -> tuple[FieldInfo, ...]:
    """`FIELDS`, each with what it becomes."""
    return tuple(msgspec.structs.replace(field, flags=spelled(field)) for field in FIELDS)


def spelled(field: FieldInfo) -> dict[EngineKind, tuple[str, ...]]:
    """Flags such as "--max-model-len" and variables such as "CUDA_VISIBLE_DEVICES", by engine."""
    sample = _SAMPLE.get(field.name, _SAMPLES.get(field.kind))
    if sample is None or field.name in ("id", "engine", "runtime", "command", "extra_args"):
        return {}
    found = {engine: _of_engine(engine, field.name, sample) for engine in field.engines}
    return {engine: names for engine, names in found.items() if names}


def _of_engine(engine: EngineKind, name: str, sample: object) -> tuple[str, ...]:
    before = Recipe(id="x", engine=engine, model="org/name", command=("program", "{port}"))
    if name in _SPREAD:
        before = msgspec.structs.replace(before, **_SPREAD)
    after = msgspec.structs.replace(before, **{name: sample})
    kinds = ("vllm", "vllm-cpu") if engine == "vllm" else (engine,)
    return tuple(dict.fromkeys(word for kind in kinds for word in _words(kind, before, after)))


def _words(kind: str, before: Recipe, after: Recipe) -> list[str]:
    settings = Settings(home=Path("/"))
    runtime = not_installed(kind, settings) if kind != "command" else None
    one, other = (
        build(recipe, runtime=runtime, port=1, api_key="", settings=settings, env={})
        for recipe in (before, after)
    )
    was = {a.key: a.values for a in arguments_of(one.argv)}
    flags = [a.flag for a in arguments_of(other.argv) if a.flag and was.get(a.key) != a.values]
    return flags + [n for n, value in other.env.items() if one.env.get(n) != value]
