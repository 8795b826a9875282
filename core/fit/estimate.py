"""What a recipe will take of each GPU and of main memory, before it is launched. Pure.

Two amounts, and they are not the same:

    takes   what is held once it answers: vLLM fills its fraction of each GPU, whatever the model
    needs   below it the start fails: weights, one full-length request, and the least of the rest

Places go by `takes`, refusals by `needs`. Everything computed is exact; everything guessed stands
in `needs` with its low end, so that a guess that is too high refuses nothing.
"""

from typing import Literal

import msgspec

from core.fit import overhead
from core.fit.kv_cache import request_bytes, token_bytes
from core.fit.number_formats import GIB
from core.fit.on_disk import ModelFiles
from core.fit.overhead import Guess
from core.fit.plan import GROWING_CACHE, Engine, Gpu, Plan, make_plan
from core.fit.weights import spread, stage_weights
from core.recipes.recipe import Recipe

Kind = Literal["weights", "kv_cache", "activations", "graphs", "overhead", "offload", "swap"]
Source = Literal["estimated", "measured", "unknown"]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One part of what is held."""

    kind: Kind
    bytes: int
    least: int  # what of it a start can not do without


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one device holds."""

    segments: tuple[Segment, ...]
    takes: int
    proven: int | None = None  # bytes with which this very launch has answered before

    @property
    def needs(self) -> int:
        """Below this the start fails. What has worked needs no more than it took."""
        least = sum(segment.least for segment in self.segments)
        return least if self.proven is None else min(least, self.proven)

    def of(self, kind: Kind) -> int:
        """Bytes of one kind."""
        return sum(segment.bytes for segment in self.segments if segment.kind == kind)


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What the estimate rests on, for who wants to check it."""

    engine: Engine
    context_length: int
    sequences: int
    batched_tokens: int
    memory_fraction: float | None
    weights: int  # bytes, the whole model as loaded
    kv_token: int  # bytes on one GPU for one more token, where every layer remembers it
    kv_request: int  # bytes on one GPU for a request of the full context
    kv_room: int | None  # bytes of the whole KV cache on one GPU
    gpus: int


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `gpus` by rank, the order in which an engine counts them."""

    source: Source
    why: str = ""  # a sentence, when unknown
    gpus: tuple[Load, ...] = ()
    host: Load | None = None
    gpu_total: int | None = None  # the size of GPU that `takes` was computed for
    numbers: Numbers | None = None

    @property
    def fraction(self) -> float | None:
        """The part of each GPU that the engine may use; None: all of it."""
        return self.numbers.memory_fraction if self.numbers else None


def unknown(why: str) -> Estimate:
    """Nothing can be said, and why."""
    return Estimate(source="unknown", why=why)


def estimate(
    recipe: Recipe,
    *,
    engine: Engine,
    model: ModelFiles,
    gpu: Gpu | None = None,
    draft: ModelFiles | None = None,
) -> Estimate:
    """The estimate. `gpu`: the smallest that it may use; `draft`: of speculative decoding."""
    plan = make_plan(recipe, engine, model.architecture, gpu)
    weights, requests = _weights(model, plan), request_bytes(model.architecture, plan)
    if draft is not None:
        weights = [own + more for own, more in zip(weights, _weights(draft, plan), strict=True)]
        cached = request_bytes(draft.architecture, plan)
        requests = [own + more for own, more in zip(requests, cached, strict=True)]
    total = gpu.total if gpu is not None and gpu.total > 0 else None
    stages = [
        _gpu_load(model, plan, stage=stage, weights=w, request=r, total=total)
        for stage, (w, r) in enumerate(zip(weights, requests, strict=True))
    ]
    gpus = [stages[stage] for stage in _ranks(plan)] if plan.on_gpu else []
    room = min((load.of("kv_cache") for load in gpus), default=plan.kv_given)
    return Estimate(
        source="estimated",
        gpus=tuple(gpus),
        host=_host_load(model, plan, sum(weights) * plan.tensor * plan.data, max(requests)),
        gpu_total=total,
        numbers=Numbers(
            engine=engine,
            context_length=plan.context,
            sequences=plan.sequences,
            batched_tokens=plan.batched_tokens,
            memory_fraction=plan.fraction,
            weights=sum(weights) * plan.tensor,
            kv_token=token_bytes(model.architecture, plan),
            kv_request=max(requests),
            kv_room=room,
            gpus=plan.gpus,
        ),
    )


def per_gpu(known: Estimate, total: int | None = None) -> int | None:
    """Bytes it takes of each GPU, on GPUs of `total` bytes; 0 on the CPU, None when unknown."""
    if known.source == "unknown":
        return None
    if not known.gpus:
        return 0
    takes = max(load.takes for load in known.gpus)
    if known.source == "measured" or known.fraction is None or total is None:
        return takes
    return takes + round(known.fraction * (total - (known.gpu_total or total)))


def host(known: Estimate) -> int | None:
    """Bytes it takes of main memory, None when unknown."""
    return known.host.takes if known.host is not None else None


def _weights(model: ModelFiles, plan: Plan) -> list[int]:
    if model.tensors:
        return stage_weights(model.tensors, model.architecture, plan)
    return spread(model.size, plan)


def _ranks(plan: Plan) -> list[int]:
    """The stage of each rank: copies outermost, then stages, then the slices of a layer."""
    return [s for _ in range(plan.data) for s in range(plan.pipeline) for _ in range(plan.tensor)]


def _gpu_load(
    model: ModelFiles, plan: Plan, *, stage: int, weights: int, request: int, total: int | None
) -> Load:
    shape = model.architecture
    on_gpu = max(0, weights - plan.offload)
    step = overhead.activations(shape, plan)
    layers = -(-len(shape.layers) // plan.pipeline)
    recorded, base = overhead.graphs(layers, plan), overhead.context(plan)
    fixed = on_gpu + step.usual + recorded.usual + base.usual
    cache = _gpu_cache(plan, request, fixed, on_gpu, total)
    segments = (
        Segment(kind="weights", bytes=on_gpu, least=on_gpu),
        Segment(kind="kv_cache", bytes=cache.usual, least=cache.least),
        _segment("activations", step),
        _segment("graphs", recorded),
        _segment("overhead", base),
    )
    return Load(segments=segments, takes=_taken(plan, segments, total))


def _gpu_cache(plan: Plan, request: int, fixed: int, weights: int, total: int | None) -> Guess:
    """The cache fills what the engine may use. SGLang starts with less than one request's."""
    least = 0 if plan.engine == "sglang" else request
    if plan.kv_given is not None:
        return Guess(usual=plan.kv_given, least=plan.kv_given)
    if plan.fraction is None:  # transformers: it grows with each request
        return Guess(usual=min(request, GROWING_CACHE * request // plan.context), least=0)
    if total is None:
        return Guess(usual=request, least=least)
    kept = fixed if plan.engine == "vllm" else weights
    return Guess(usual=max(0, round(plan.fraction * total) - kept), least=least)


def _taken(plan: Plan, segments: tuple[Segment, ...], total: int | None) -> int:
    """vLLM's fraction covers everything; SGLang's only weights and cache."""
    held = sum(segment.bytes for segment in segments)
    if plan.fraction is None or total is None:
        return held
    return round(plan.fraction * total) if plan.engine == "vllm" else min(held, total)


def _host_load(model: ModelFiles, plan: Plan, weights: int, request: int) -> Load:
    base = overhead.processes(plan)
    parts = [_segment("overhead", base)]
    if plan.on_gpu:
        offload, swap = plan.offload * plan.gpus, plan.swap * plan.gpus
        parts += [Segment(kind="offload", bytes=offload, least=min(offload, weights))]
        parts += [Segment(kind="swap", bytes=swap, least=swap)]
    else:
        step = overhead.activations(model.architecture, plan)
        cache = _gpu_cache(plan, request, 0, 0, None)
        parts = [
            Segment(kind="weights", bytes=weights, least=weights),
            Segment(kind="kv_cache", bytes=cache.usual, least=cache.least),
            Segment(kind="activations", bytes=min(step.usual, GIB), least=0),
            *parts,
        ]
    kept = tuple(part for part in parts if part.bytes)
    return Load(segments=kept, takes=sum(part.bytes for part in kept))


def _segment(kind: Kind, guess: Guess) -> Segment:
    return Segment(kind=kind, bytes=guess.usual, least=guess.least)
