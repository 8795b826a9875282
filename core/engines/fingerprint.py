"""Whether what runs is what its recipe would launch now: one short text for everything that counts.

It is taken of the recipe, the runtime and the model's files, and not of the finished command line:
a newer version of this app may say the same wish with other flags, and its engines shall be
adopted all the same. What a person may change under a running engine does not count: names and
notes, limits, prices, how long it stays. A secret counts by its name, never by its value.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from core.engines.environment import is_local
from core.engines.flags import NOT_FLAGS, is_set
from core.engines.sleep import levels
from core.recipes.recipe import Recipe

PLACED = frozenset(  # by each builder itself, though no row of a flag table
    str.split("engine model command devices env extra_args nodes node_backend node_address")
)
WEIGHTS = (".safetensors", ".bin", ".gguf", ".pt", ".pth")
DESCRIBES = ("config.json", "params.json", "generation_config.json")

ModelFiles = tuple[tuple[str, int, int], ...]  # name, size, changed (0: does not count)


def fingerprint(recipe: Recipe, runtime_id: str | None, model_files: ModelFiles = ()) -> str:
    """The same for two launches when and only when the engine could not tell them apart. Pure."""
    can_sleep = levels(recipe, runtime_id)
    counts: dict[str, Any] = {
        "runtime": runtime_id,
        "name": recipe.public_name,
        "sleeps": {"vllm": bool(can_sleep), "sglang": can_sleep}.get(recipe.engine),
        "files": model_files,
        "fields": {
            name: value
            for name in recipe.__struct_fields__
            if name in PLACED or name not in NOT_FLAGS
            if is_set(value := getattr(recipe, name)) and value != {}
        },
    }
    return hashlib.sha256(msgspec.json.encode(counts, order="sorted")).hexdigest()[:32]


def model_files(model: str) -> ModelFiles:
    """What tells a model from one that took its place, without reading it; () for a hub's.

    Weights count by size: their content is not read, and a copy of the same model is the same.
    """
    if not model or not is_local(model):
        return ()
    path = Path(os.path.expanduser(model))
    with contextlib.suppress(OSError):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return tuple(_seen(file) for file in files if _counts(file))
    return ()


def _counts(file: Path) -> bool:
    return file.name in DESCRIBES or file.suffix in WEIGHTS


def _seen(file: Path) -> tuple[str, int, int]:
    status = file.stat()
    return file.name, status.st_size, status.st_mtime_ns if file.name in DESCRIBES else 0
