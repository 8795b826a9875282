"""Models that already lie on this machine: in Hugging Face's cache and in the data directory.

Only configuration files and safetensors headers are read, so that a terabyte of weights is listed
in a moment. What can not be understood is passed over: a broken download is no model.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.models.safetensors_header import (
    NotSafetensors,
    Tensor,
    count_parameters,
    prevailing_dtype,
    read_header,
)
from core.settings import Paths

_DEPTH = 3  # folders below <home>/models that are looked through
_WEIGHTS = ("*.safetensors", "*.gguf", "pytorch_model*.bin")
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length")


class LocalModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model on disk. None: its files do not tell."""

    name: str  # the hub id, or the folder's name
    path: Path  # what a recipe's `model` takes
    architecture: str | None
    parameters: int | None
    bytes: int  # of the weights on disk
    dtype: str | None
    context_length: int | None  # tokens, the most the model was made for
    quantization: str | None = None
    revision: str | None = None  # hub commit


def model_folders(paths: Paths, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Where models usually lie: <home>/models, and Hugging Face's cache as its variables say."""
    if hub := environ.get("HF_HUB_CACHE"):
        return (paths.models, Path(hub).expanduser())
    hf_home = environ.get("HF_HOME") or os.path.join("~", ".cache", "huggingface")
    return (paths.models, Path(hf_home).expanduser() / "hub")


def list_local_models(folders: Iterable[Path]) -> list[LocalModel]:
    """Every model below the folders, by name."""
    found = {model.path: model for folder in folders for model in _models_in(folder)}
    return sorted(found.values(), key=lambda model: (model.name.lower(), str(model.path)))


def read_model(folder: Path, *, name: str, revision: str | None = None) -> LocalModel | None:
    """The model in a folder, or None when there is no configuration or no weights."""
    config = _json(folder / "config.json")
    weights = _weights(folder)
    if config is None or not weights:
        return None
    text_config = config.get("text_config")
    inner: dict[str, Any] = text_config if isinstance(text_config, dict) else {}
    quantization = config.get("quantization_config") or inner.get("quantization_config") or {}
    tensors = _tensors(weights)
    return LocalModel(
        name=name,
        path=folder,
        architecture=_first(config.get("architectures")),
        parameters=count_parameters(tensors, packed_bits=_bits(quantization)) if tensors else None,
        bytes=sum(_size(file) for file in weights),
        dtype=prevailing_dtype(tensors.values()) or config.get("torch_dtype"),
        context_length=_context_length(inner) or _context_length(config),
        quantization=quantization.get("quant_method"),
        revision=revision,
    )


def _models_in(folder: Path) -> Iterator[LocalModel]:
    """Hub models as the cache lays them out, and plain folders of weights."""
    for entry in _folders(folder):
        if entry.name.startswith("models--"):
            yield from _hub_models(entry)
        else:
            yield from _plain_models(entry, entry.name, _DEPTH)


def _hub_models(entry: Path) -> Iterator[LocalModel]:
    """`models--org--name/snapshots/<commit>/`; the snapshot `refs/main` names goes first."""
    name = entry.name.removeprefix("models--").replace("--", "/")
    main = _text(entry / "refs" / "main")
    snapshots = sorted(_folders(entry / "snapshots"), key=lambda snapshot: snapshot.name != main)
    models = (read_model(snapshot, name=name, revision=snapshot.name) for snapshot in snapshots)
    yield from (model for model in models if model is not None)


def _plain_models(folder: Path, name: str, depth: int) -> Iterator[LocalModel]:
    model = read_model(folder, name=name)
    if model is not None:
        yield model
    elif depth > 1:
        for inner in _folders(folder):
            yield from _plain_models(inner, f"{name}/{inner.name}", depth - 1)


def _folders(folder: Path) -> list[Path]:
    try:
        visible = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
        return sorted(entry for entry in visible if entry.is_dir())
    except OSError:
        return []


def _weights(folder: Path) -> list[Path]:
    """The weight files in the best format there is; a folder often holds the same ones twice."""
    for pattern in _WEIGHTS:
        if files := sorted(file for file in folder.glob(pattern) if file.exists()):
            return files
    return []


def _tensors(weights: Sequence[Path]) -> dict[str, Tensor]:
    """Headers of all shards together; empty when any of them can not be read."""
    tensors: dict[str, Tensor] = {}
    for file in weights:
        try:
            tensors |= read_header(file) if file.suffix == ".safetensors" else {}
        except (NotSafetensors, OSError):
            return {}
    return tensors


def _context_length(config: Mapping[str, Any]) -> int | None:
    values = (config.get(key) for key in _CONTEXT_KEYS)
    return next((value for value in values if isinstance(value, int) and value > 0), None)


def _bits(quantization: Mapping[str, Any]) -> int | None:
    bits = quantization.get("bits")
    return bits if isinstance(bits, int) and 0 < bits <= 32 else None


def _first(values: object) -> str | None:
    return str(values[0]) if isinstance(values, list) and values else None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _json(file: Path) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return None
