"""How large the KV cache of one full-length request is on one GPU.

vLLM refuses to start when not even one request of the whole context fits, so this is the least a
launch needs. The engines reserve in blocks, and round the layers of hybrid models up to groups of
one size (up to a sixth more, for Gemma 3 27B); only the blocks are counted here.

Sources: vLLM 0.32 v1/kv_cache_interface.py (`max_memory_usage_bytes` of each kind of layer).
"""

from collections.abc import Sequence

from core.fit.architecture import Architecture, Layer
from core.fit.number_formats import cache_width, round_up
from core.fit.plan import Plan
from core.fit.weights import layers_of_stages, model_width

BLOCK = 16  # tokens


def request_bytes(model: Architecture, plan: Plan, context: int | None = None) -> list[int]:
    """Bytes of a request of the full context (or `context`), on one GPU of each stage."""
    tokens = plan.context if context is None else context
    stages = layers_of_stages(len(model.layers), plan.pipeline)
    layers = [[model.layers[index] for index in stage] for stage in stages]
    return [_layers_bytes(stage, model, plan, tokens) for stage in layers]


def token_bytes(model: Architecture, plan: Plan) -> int:
    """What one more token of a long text costs, over all stages, on one GPU of each."""
    growing = [layer for layer in model.layers if layer.kind in ("full", "latent", "both")]
    return round(sum(_numbers(layer, plan.tensor) for layer in growing) * _width(model, plan))


def _layers_bytes(layers: Sequence[Layer], model: Architecture, plan: Plan, tokens: int) -> int:
    return round(sum(_layer_bytes(layer, model, plan, tokens) for layer in layers))


def _layer_bytes(layer: Layer, model: Architecture, plan: Plan, tokens: int) -> float:
    cached = _numbers(layer, plan.tensor) * _width(model, plan)
    state = model.state / plan.tensor * model_width(model, plan)
    match layer.kind:
        case "full" | "latent":
            return round_up(tokens, BLOCK) * cached
        case "window":
            return _window_tokens(model, plan, tokens) * cached
        case "state":
            return state
        case "both":
            return round_up(tokens, BLOCK) * cached + state
        case _:
            return 0.0


def _window_tokens(model: Architecture, plan: Plan, tokens: int) -> int:
    """The window, and what is on its way through the model; never more than the text."""
    seen = min((model.window or tokens) - 1 + plan.batched_tokens, tokens)
    return min(round_up(seen, BLOCK) + BLOCK, round_up(tokens, BLOCK))


def _numbers(layer: Layer, tensor: int) -> int:
    """For one token on one GPU. Heads are never cut; MLA's vector is the same everywhere."""
    if layer.kind == "latent":
        return layer.latent
    return max(1, layer.kv_heads // tensor) * layer.per_head if layer.kv_heads else 0


def _width(model: Architecture, plan: Plan) -> float:
    return cache_width(plan.kv_cache_dtype, model_width(model, plan))
