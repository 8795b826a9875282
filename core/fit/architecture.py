"""What of a model's `config.json` decides about memory, whatever its family calls it.

Every family has words of its own, and vLLM and transformers know them all by a class each. Here
they are brought to one shape: a row of layers, each of which remembers something of the past.

    full      keys and values of every token           (GQA, MQA and MHA differ in the heads)
    window    of the newest `window` tokens            (Mistral, Gemma, gpt-oss; Llama 4's chunks)
    latent    one compressed vector for every token    (DeepSeek's MLA, the same on every GPU)
    state     a state that does not grow               (Mamba, linear attention, short convolution)
    both      keys and values, and a state             (Falcon-H1, Zamba2)
    nothing   no memory                                (MLP-only layers, sharers of another's)

Pure: a dictionary in, a value out. None when the dictionary does not describe such a model.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.fit.layer_kinds import Kind, kinds_of
from core.fit.state_shape import state_numbers

Config = Mapping[str, Any]

_DEFAULT_CONTEXT = 2048  # vLLM's, when the configuration names none
_CONTEXT_KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "max_sequence_length",
    "seq_length",
    "model_max_length",
)
# Their `max_position_embeddings` is already the stretched one (vLLM 0.32, _get_and_verify_max_len).
_ALREADY_SCALED = ("default", "su", "longrope", "llama3", "yarn", "deepseek_yarn", "mrope")


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What one layer remembers."""

    kind: Kind
    kv_heads: int = 0
    per_head: int = 0  # numbers for one token and head: a key and a value
    latent: int = 0  # numbers for one token, with MLA


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """The model's shape."""

    layers: tuple[Layer, ...]
    hidden: int
    heads: int
    head_dim: int
    window: int | None  # tokens that a `window` layer looks back
    state: int  # numbers of the state of a `state` layer
    intermediate: int  # width of what one token passes through: MLP or its experts together
    experts: int
    vocab: int
    context: int  # the most tokens it was made for
    dtype: str | None
    tied: bool  # input and output embeddings are the same tensor
    quantization: str | None  # of the checkpoint itself

    @property
    def kv_heads(self) -> int:
        """The most key-value heads of any layer; 0 with MLA or states alone."""
        return max((layer.kv_heads for layer in self.layers), default=0)


def read_architecture(config: Config) -> Architecture | None:
    """The shape, also from the inner configuration of a model that sees or hears."""
    inner = text_config(config)
    count = _int(inner, "num_hidden_layers", "n_layer", "n_layers", "num_layers")
    hidden = _int(inner, "hidden_size", "n_embd", "d_model", "dim")
    if not count or not hidden or count > 10_000:
        return None
    heads = _int(inner, "num_attention_heads", "n_head", "n_heads", "num_heads") or 1
    head_dim = _int(inner, "head_dim", "attention_head_dim") or max(1, hidden // heads)
    quantization = inner.get("quantization_config") or config.get("quantization_config") or {}
    window = _int(inner, "attention_chunk_size") or _window(inner)
    return Architecture(
        layers=_layers(inner, count, heads, head_dim, window),
        hidden=hidden,
        heads=heads,
        head_dim=head_dim,
        window=window,
        state=state_numbers(inner, hidden),
        intermediate=_intermediate(inner, hidden),
        experts=_int(inner, "num_experts", "n_routed_experts", "num_local_experts") or 0,
        vocab=_int(inner, "vocab_size") or _int(config, "vocab_size") or 0,
        context=_context(inner, config),
        dtype=_text(inner, "dtype", "torch_dtype") or _text(config, "dtype", "torch_dtype"),
        tied=bool(inner.get("tie_word_embeddings", config.get("tie_word_embeddings", False))),
        quantization=_text(quantization, "quant_method"),
    )


def text_config(config: Config) -> Config:
    """The language model's own part of a configuration."""
    for name in ("text_config", "llm_config", "language_config", "thinker_config"):
        inner = config.get(name)
        if isinstance(inner, dict) and inner:
            return text_config(inner)
    return config


def _layers(
    config: Config, count: int, heads: int, head_dim: int, window: int | None
) -> tuple[Layer, ...]:
    latent = _latent(config)
    kv_heads = _kv_heads(config, heads)
    value_dim = _int(config, "v_head_dim") or head_dim
    made = []
    for index, kind in enumerate(kinds_of(config, count, windowed=window is not None)):
        if kind in ("state", "nothing"):
            made.append(Layer(kind=kind))
        elif latent and kind != "both":
            made.append(Layer(kind="latent", latent=latent))
        else:
            own_heads, own_dim = _of_this_layer(config, index, kind, kv_heads, head_dim)
            per_head = own_dim + (value_dim if own_dim == head_dim else own_dim)
            alive = own_heads > 0
            made.append(
                Layer(kind=kind, kv_heads=own_heads, per_head=per_head)
                if alive
                else Layer(kind="nothing")
            )
    return tuple(made)


def _of_this_layer(
    config: Config, index: int, kind: Kind, kv_heads: int, head_dim: int
) -> tuple[int, int]:
    """Heads and their width where a family has them differ: DeciLM by layer, Gemma 4 by kind."""
    blocks = config.get("block_configs")
    if isinstance(blocks, list) and index < len(blocks):
        return _heads_of_block(blocks[index], config, kv_heads), head_dim
    if kind == "full" and (wide := _int(config, "global_head_dim")):
        return _int(config, "num_global_key_value_heads") or kv_heads, wide
    return kv_heads, head_dim


def _heads_of_block(block: object, config: Config, kv_heads: int) -> int:
    attention = block.get("attention") if isinstance(block, dict) else None
    if not isinstance(attention, dict) or attention.get("no_op"):
        return 0
    group = _int(attention, "n_heads_in_group")
    own = _int(attention, "num_key_value_heads")
    heads = _int(config, "num_attention_heads") or kv_heads
    return own or (heads // group if group else kv_heads)


def _latent(config: Config) -> int:
    """MLA's vector: the compressed keys and values, the rotary part, and an indexer's keys."""
    rank = _int(config, "kv_lora_rank")
    if not rank:
        return 0
    return rank + (_int(config, "qk_rope_head_dim") or 0) + (_int(config, "index_head_dim") or 0)


def _kv_heads(config: Config, heads: int) -> int:
    attention = config.get("attn_config")
    inner = attention if isinstance(attention, dict) else {}
    named = _int(config, "num_key_value_heads", "num_kv_heads", "multi_query_group_num")
    if named := named or _int(inner, "kv_n_heads"):
        return named
    return 1 if config.get("multi_query") else heads


def _intermediate(config: Config, hidden: int) -> int:
    """What a token passes through at once; of a mixture, the experts that are asked."""
    dense = _int(config, "intermediate_size", "ffn_hidden_size", "n_inner", "ffn_dim") or 0
    chosen = _int(config, "num_experts_per_tok", "num_experts_per_token", "moe_topk") or 0
    expert = _int(config, "moe_intermediate_size", "expert_intermediate_size") or dense
    return max(dense, chosen * expert) or 4 * hidden


def _window(config: Config) -> int | None:
    if config.get("use_sliding_window") is False:
        return None
    return _int(config, "sliding_window", "sliding_window_size")


def _context(inner: Config, config: Config) -> int:
    length = _int(inner, *_CONTEXT_KEYS) or _int(config, *_CONTEXT_KEYS) or _DEFAULT_CONTEXT
    rope = inner.get("rope_parameters") or inner.get("rope_scaling")
    if not isinstance(rope, dict) or "gemma3" in str(inner.get("model_type")):
        return length
    kind, factor = rope.get("rope_type", rope.get("type", "default")), rope.get("factor")
    if kind == "longrope":
        return _int(inner, "original_max_position_embeddings") or length
    scaled = isinstance(factor, int | float) and factor > 1 and kind not in _ALREADY_SCALED
    return int(length * float(factor or 1)) if scaled else length


def _int(config: Config, *names: str) -> int | None:
    """The first of the names that holds a number above zero."""
    for name in names:
        value = config.get(name)
        if isinstance(value, list) and value and all(isinstance(one, int) for one in value):
            value = max(value)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _text(config: Config, *names: str) -> str | None:
    return next((value for name in names if isinstance(value := config.get(name), str)), None)
