"""What a launch takes besides weights and KV cache. These are guesses, and each says how low it
may be: only the low end may refuse a start (see the README for what they were compared with).
"""

import msgspec

from core.fit.architecture import Architecture
from core.fit.number_formats import GIB, MIB
from core.fit.plan import Plan

_LEAST_STEP, _USUAL_STEP = 0.5, 1.3  # of the formula below
_GRAPH_LAYER = 0.25 * MIB  # for each layer and captured batch size
_LARGEST_CAPTURE = 512
_CONTEXT, _LEAST_CONTEXT = 600 * MIB, 250 * MIB  # CUDA, libraries, compiled kernels
_LINKED, _LEAST_LINKED = 300 * MIB, 100 * MIB  # NCCL and the buffers between GPUs


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """An amount that is not computed but known from experience."""

    usual: int
    least: int


# Main memory of the engine's own processes, in use once it answers (measured: README).
HOST_PROCESSES: dict[str, Guess] = {
    "transformers": Guess(usual=380 * MIB, least=250 * MIB),
    "vllm-cpu": Guess(usual=1400 * MIB, least=900 * MIB),
    "vllm": Guess(usual=3 * GIB, least=1 * GIB),
    "sglang": Guess(usual=3 * GIB, least=1 * GIB),
}
# What each further worker process adds.
HOST_WORKER: dict[str, Guess] = {
    "vllm-cpu": Guess(usual=500 * MIB, least=200 * MIB),
    "vllm": Guess(usual=3 * GIB // 2, least=GIB // 2),
    "sglang": Guess(usual=3 * GIB // 2, least=GIB // 2),
}


def activations(model: Architecture, plan: Plan) -> Guess:
    """The largest step: its tokens on their way through a layer, or its answers' likelihoods."""
    attention = (model.heads + 2 * model.kv_heads) * model.head_dim / plan.tensor
    layer = 3 * model.hidden + 3 * model.intermediate / plan.tensor + attention
    step = plan.batched_tokens * layer * 2
    likelihoods = min(plan.sequences, plan.batched_tokens) * model.vocab * 6
    peak = max(step, likelihoods)
    return Guess(usual=round(peak * _USUAL_STEP), least=round(peak * _LEAST_STEP))


def graphs(layers: int, plan: Plan) -> Guess:
    """CUDA graphs: a recorded step for each of some fifty batch sizes."""
    if plan.eager or not plan.on_gpu or plan.engine == "transformers":
        return Guess(usual=0, least=0)
    largest = min(_LARGEST_CAPTURE, 2 * plan.sequences)
    usual = round(_captured(largest) * layers * _GRAPH_LAYER)
    return Guess(usual=usual, least=usual // 2)


def context(plan: Plan) -> Guess:
    """What a GPU holds before there is any model on it."""
    linked = plan.tensor * plan.pipeline > 1
    return Guess(
        usual=_CONTEXT + (_LINKED if linked else 0),
        least=_LEAST_CONTEXT + (_LEAST_LINKED if linked else 0),
    )


def processes(plan: Plan) -> Guess:
    """Main memory of the engine's processes."""
    base = HOST_PROCESSES[plan.engine]
    worker = HOST_WORKER.get(plan.engine)
    more = max(0, plan.tensor * plan.pipeline * plan.data - 1) if worker else 0
    extra = worker or Guess(usual=0, least=0)
    return Guess(usual=base.usual + more * extra.usual, least=base.least + more * extra.least)


def _captured(largest: int) -> int:
    """vLLM's list: 1, 2, 4, each multiple of 8 below 256, each of 16 from there."""
    small = sum(size <= largest for size in (1, 2, 4))
    return small + len(range(8, min(largest, 255) + 1, 8)) + len(range(256, largest + 1, 16))
