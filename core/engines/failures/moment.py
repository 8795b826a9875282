"""When the GPU's memory ran out: weights, KV cache and graphs each ask for another cure.

The stack says it best: the innermost of the functions below that stands above the error. Without
a stack the last phase that the log told says it. Neither: the plain diagnosis stays.
"""

import re
from collections.abc import Sequence

import msgspec

from core.engines.failures.known import Patch


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One moment and what helps then."""

    code: str
    frames: frozenset[str]  # functions of vLLM and SGLang that run only then
    phases: frozenset[str]  # of progress.py
    reason: str
    next_action: str
    remedy: Patch = {}


MOMENTS = (
    Moment(
        code="gpu-out-of-memory-weights",
        frames=frozenset(
            {"load_model", "load_weights", "create_weights", "process_weights_after_loading"}
        ),
        phases=frozenset({"loading weights"}),
        reason="the GPU ran out of memory while the weights were loaded",
        next_action="Evict another model first, choose a quantized or smaller model, or spread it "
        "over more GPUs (tensor_parallel).",
    ),
    Moment(
        code="gpu-out-of-memory-profiling",
        frames=frozenset({"profile_run", "determine_available_memory", "profile_max_num_token"}),
        phases=frozenset({"compiling"}),
        reason="the GPU ran out of memory while the engine tried its largest batch",
        next_action="Lower max_batched_tokens or max_sequences, or use a quantized model.",
    ),
    Moment(
        code="gpu-out-of-memory-kv-cache",
        frames=frozenset(
            {"initialize_kv_cache", "initialize_from_config", "init_memory_pool"}
            | {"_allocate_kv_cache_tensors", "allocate_kv_cache"}
        ),
        phases=frozenset({"profiling memory"}),
        reason="the GPU ran out of memory while room for the KV cache was taken",
        next_action="Lower memory_fraction or context_length; another program may have taken "
        "memory meanwhile.",
    ),
    Moment(
        code="gpu-out-of-memory-graphs",
        frames=frozenset(
            {"capture_model", "_capture_cudagraphs", "capture_one_batch_size"}
            | {"init_cuda_graphs", "init_device_graphs", "capture_graphs"}
        ),
        phases=frozenset({"capturing graphs"}),
        reason="the GPU ran out of memory while CUDA graphs were recorded",
        next_action="Lower memory_fraction, or switch enforce_eager on to do without graphs.",
        remedy={"enforce_eager": "true"},
    ),
)
SERVING = Moment(
    code="gpu-out-of-memory-serving",
    frames=frozenset(),
    phases=frozenset(),
    reason="the GPU ran out of memory while it served requests",
    next_action="Lower max_sequences, max_batched_tokens or memory_fraction.",
)
FRAME = re.compile(r'File "[^"]+", line \d+, in (?P<function>\w+)')
STACK_LINES = 150


def moment_of(before: Sequence[str], last_phase: str | None) -> Moment | None:
    """The moment told by the lines before the error, and the last phase among them."""
    for line in reversed(before[-STACK_LINES:]):
        frame = FRAME.search(line)
        for moment in MOMENTS:
            if frame is not None and frame["function"] in moment.frames:
                return moment
    return next((moment for moment in MOMENTS if last_phase in moment.phases), None)
