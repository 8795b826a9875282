"""Which layers of a model remember what: a list in the configuration, a pattern, or a family's way.

Sources: the configuration classes of transformers 5.23 and vLLM 0.32 of each family named here.
"""

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["full", "window", "latent", "state", "both", "nothing"]
Config = Mapping[str, Any]

_LISTS = ("layer_types", "layers_block_type", "attn_type_list")
# Every n-th layer looks at everything, the others at a window, where the configuration is silent.
_EVERY = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4}
_ONLY_STATES = ("mamba", "mamba2", "falcon_mamba", "rwkv")
_LETTERS: dict[str, Kind] = {"*": "full", "M": "state", "L": "window", "G": "full"}


def kinds_of(config: Config, count: int, *, windowed: bool) -> list[Kind]:
    """One kind for each of `count` layers. `windowed`: the configuration names a window."""
    kinds = _told(config, count, windowed) or _by_family(config, count, windowed)
    kinds = (kinds + ["full"] * count)[:count]
    shared = config.get("num_kv_shared_layers")  # Gemma 3n and 4: the last ones have no cache
    if isinstance(shared, int) and 0 < shared < count:
        kinds[count - shared :] = ["nothing"] * shared
    return kinds


def _told(config: Config, count: int, windowed: bool) -> list[Kind]:
    """The configuration names each layer."""
    for name in _LISTS:
        words = config.get(name)
        if isinstance(words, list) and len(words) >= count:
            return [_kind_of(word, windowed) for word in words]
    for name in ("hybrid_override_pattern", "sliding_window_pattern"):
        letters = config.get(name)
        if isinstance(letters, str) and letters:
            repeated = letters * (count // len(letters) + 1)
            kinds = [_LETTERS.get(letter, "nothing") for letter in repeated[:count]]
            return [k if windowed or k != "window" else "full" for k in kinds]
    return []


def _kind_of(word: object, windowed: bool) -> Kind:
    if isinstance(word, int):  # MiniMax: 0 is linear attention
        return "full" if word else "state"
    text = str(word)
    if any(part in text for part in ("sliding", "chunked", "local")):
        return "window" if windowed else "full"
    if "hybrid" in text:
        return "both"
    if any(part in text for part in ("linear", "mamba", "conv", "recurrent", "ssm", "kda")):
        return "state"
    return "nothing" if text in ("moe", "mlp", "-") else "full"


def _by_family(config: Config, count: int, windowed: bool) -> list[Kind]:
    """The family's own rule, from whatever numbers it has."""
    family = str(config.get("model_type", ""))
    if family in _ONLY_STATES:
        return ["state"] * count
    if family == "falcon_h1":
        return ["both"] * count
    if (asked := _attending(config, count)) is not None:
        return ["full" if index in asked else "state" for index in range(count)]
    if not windowed:
        return ["full"] * count
    every = config.get("sliding_window_pattern", _EVERY.get(family))
    if isinstance(every, int) and every > 0:
        return ["window" if (index + 1) % every else "full" for index in range(count)]
    first = config.get("max_window_layers")  # Qwen2: the layers from this one on
    first = first if family.startswith("qwen2") and isinstance(first, int) else 0
    return ["full" if index < first else "window" for index in range(count)]


def _attending(config: Config, count: int) -> set[int] | None:
    """The layers with attention, in a model where the others have states."""
    indices = config.get("attn_layer_indices")
    if isinstance(indices, list):
        return {i for i in indices if isinstance(i, int)}
    linear = config.get("linear_attn_config")
    if isinstance(linear, dict) and isinstance(linear.get("full_attn_layers"), list):
        return {i - 1 for i in linear["full_attn_layers"]}  # Kimi counts from one
    period, offset = config.get("attn_layer_period"), config.get("attn_layer_offset", 0)
    if isinstance(period, int) and period > 0:
        return set(range(int(offset), count, period))
    interval = config.get("full_attention_interval")
    if isinstance(interval, int) and interval > 0:
        return set(range(interval - 1, count, interval))
    return None
