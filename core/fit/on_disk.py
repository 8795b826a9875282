"""A recipe's model as its files describe it: configuration and headers, never the weights.

A folder is read where it lies. A hub id is looked for in Hugging Face's cache; what has not been
downloaded is unknown, and unknown refuses nothing.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from core.engines.environment import is_local
from core.fit.architecture import Architecture, read_architecture
from core.fit.weights import Stored, group
from core.models.safetensors_header import NotSafetensors, Tensor, read_header

_WEIGHTS = ("*.safetensors", "*.gguf", "pytorch_model*.bin", "*.pth")


class ModelFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on disk. No tensors: the files are of a kind whose headers are not read."""

    architecture: Architecture
    tensors: tuple[Stored, ...]
    size: int  # bytes of all weight files


def read_config(model: str, revision: str | None, folders: Iterable[Path]) -> dict[str, Any] | None:
    """The model's configuration, or None when it is not here."""
    folder = model_folder(model, revision, folders)
    return _json(folder / "config.json") if folder is not None else None


def read_files(model: str, revision: str | None, folders: Iterable[Path]) -> ModelFiles | None:
    """The model's files, or None when they are not here or do not tell."""
    folder = model_folder(model, revision, folders)
    config = _json(folder / "config.json") if folder is not None else None
    architecture = read_architecture(config) if config is not None else None
    if folder is None or architecture is None:
        return None
    files = _weight_files(folder)
    if not files:
        return None
    return ModelFiles(
        architecture=architecture,
        tensors=group(_tensors(files)),
        size=sum(file.stat().st_size for file in files),
    )


def model_folder(model: str, revision: str | None, folders: Iterable[Path]) -> Path | None:
    """Where the model lies: the folder itself, or the newest snapshot of a hub id in a cache."""
    if is_local(model):
        folder = Path(os.path.expanduser(model))
        return folder if folder.is_dir() else None
    for cache in folders:
        if (plain := cache / model).is_dir():
            return plain
        entry = cache / f"models--{model.replace('/', '--')}"
        if snapshot := _snapshot(entry, revision or "main"):
            return snapshot
    return None


def _snapshot(entry: Path, revision: str) -> Path | None:
    try:
        commit = (entry / "refs" / revision).read_text().strip()
    except OSError:
        commit = revision
    folder = entry / "snapshots" / commit
    return folder if commit and folder.is_dir() else None


def _weight_files(folder: Path) -> list[Path]:
    """The best format there is; all of its shards, or none: half a download tells nothing."""
    for pattern in _WEIGHTS:
        files = sorted(file for file in folder.glob(pattern) if file.exists())
        if pattern == "*.safetensors":
            files = _without_a_second_copy(folder, files)
        if files:
            return files
    return []


def _without_a_second_copy(folder: Path, files: list[Path]) -> list[Path]:
    """The shards that the index names; Mistral's folders hold `consolidated.safetensors` too."""
    index = _json(folder / "model.safetensors.index.json")
    if index is not None and isinstance(index.get("weight_map"), dict):
        named = {str(name) for name in index["weight_map"].values()}
        here = [file for file in files if file.name in named]
        return here if len(here) == len(named) else []
    standard = [file for file in files if file.name.startswith("model")]
    return standard or files


def _tensors(files: list[Path]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for file in files:
        try:
            tensors |= read_header(file) if file.suffix == ".safetensors" else {}
        except (NotSafetensors, OSError):
            return {}
    return tensors


def _json(file: Path) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return None
