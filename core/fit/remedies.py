"""What to change so that it fits, each proposal checked by estimating the changed recipe. Pure.

Single changes first, those that cost the least in front. When none is enough alone, they are put
together until they are.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from core.fit.capacity import Capacity
from core.fit.estimate import Estimate
from core.fit.number_formats import GIB, in_gib
from core.fit.remedy import Remedy
from core.fit.verdict import Fits, Verdict, WillNotFit, demands, judge
from core.recipes.recipe import Recipe

Again = Callable[[Recipe], Estimate]
Patch = dict[str, Any]

_SHORTEST = 512  # tokens: less than this helps nobody
_HIGHEST_FRACTION = 0.95  # CUDA itself and the desktop need the rest
_ONLINE = {"vllm": "fp8_per_tensor", "sglang": "fp8"}  # compressed while loading


def with_remedies(
    recipe: Recipe, known: Estimate, capacity: Capacity, again: Again, *, heads: int
) -> Verdict:
    """The verdict, and if it will not fit, what would. `heads`: of attention, to be split."""
    verdict = judge(known, capacity)
    if not isinstance(verdict, WillNotFit):
        return verdict
    tried = list(_singles(recipe, known, verdict, capacity, again, heads))
    remedies = [r for patch in tried if (r := _checked(recipe, patch, capacity, again))]
    if not remedies and (together := _together(recipe, tried, capacity, again)):
        remedies = [together]
    return msgspec.structs.replace(verdict, remedies=tuple(remedies))


def _singles(
    recipe: Recipe,
    known: Estimate,
    verdict: WillNotFit,
    capacity: Capacity,
    again: Again,
    heads: int,
) -> Iterator[Patch]:
    """Every change that could help, in the order of what it costs."""
    numbers = known.numbers
    if numbers is None:
        return
    engine, on_gpu = numbers.engine, bool(known.gpus)
    if verdict.label == "the KV cache":
        yield {"kv_cache_gib": float(-(-numbers.kv_request // GIB))}
    if on_gpu and numbers.memory_fraction and (raised := _fraction(known, verdict, capacity)):
        yield {"memory_fraction": raised}
    served = engine != "transformers"
    if served and (length := _longest(recipe, numbers.context_length, capacity, again)):
        yield {"context_length": length}
    if on_gpu and engine != "transformers":
        yield from _on_gpu(recipe, known, verdict, capacity, heads)
    if not on_gpu and engine == "vllm-cpu" and numbers.kv_room and numbers.kv_room > GIB:
        yield {"kv_cache_gib": max(1.0, float(-(-numbers.kv_request // GIB)))}


def _on_gpu(
    recipe: Recipe, known: Estimate, verdict: WillNotFit, capacity: Capacity, heads: int
) -> Iterator[Patch]:
    numbers = known.numbers
    assert numbers is not None, "asked only of what is known"
    if recipe.kv_cache_dtype in (None, "auto") and numbers.kv_request:
        yield {"kv_cache_dtype": "fp8"}
    if not recipe.enforce_eager:
        yield {"enforce_eager": True}
    if numbers.sequences > 16:
        yield {"max_sequences": 16}
    yield from _more_gpus(recipe, capacity, heads)
    if recipe.quantization is None:
        yield {"quantization": _ONLINE[numbers.engine]}
    missing = -(-verdict.short_by // GIB)
    yield {"cpu_offload_gib": (recipe.cpu_offload_gib or 0) + float(missing)}


def _more_gpus(recipe: Recipe, capacity: Capacity, heads: int) -> Iterator[Patch]:
    """The next number of GPUs that divides the heads, if there are so many."""
    now = recipe.tensor_parallel or 1
    others = (recipe.pipeline_parallel or 1) * (recipe.data_parallel or 1)
    for wanted in range(now + 1, len(capacity.gpus) // others + 1):
        if heads % wanted == 0:
            yield {"tensor_parallel": wanted}


def _fraction(known: Estimate, verdict: WillNotFit, capacity: Capacity) -> float | None:
    """The smallest fraction that gives it what it needs."""
    total = next((g.total for g in capacity.gpus if g.device == verdict.device), 0)
    if not total or known.fraction is None:
        return None
    wanted = -(-verdict.needs * 100 // total) / 100
    return wanted if known.fraction < wanted <= _HIGHEST_FRACTION else None


def _longest(recipe: Recipe, context: int, capacity: Capacity, again: Again) -> int | None:
    """The longest context that fits, in steps of 1024 tokens, below that of 256."""

    def fits(length: int) -> bool:
        changed = msgspec.structs.replace(recipe, context_length=length)
        return isinstance(judge(again(changed), capacity), Fits)

    step = 1024 if fits(1024) and context > 1024 else 256
    low, high = 0, (context - 1) // step
    while low < high:  # the largest number of steps that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle * step) else (low, middle - 1)
    length = low * step
    return length if length >= _SHORTEST else None


def _checked(recipe: Recipe, patch: Patch, capacity: Capacity, again: Again) -> Remedy | None:
    """The remedy, if the changed recipe really fits."""
    known = again(msgspec.structs.replace(recipe, **patch))
    if not isinstance(judge(known, capacity), Fits):
        return None
    asked = list(demands(known, capacity))
    tightest = max(asked, key=lambda one: one.needs / max(1, one.allowed))
    return Remedy(
        patch=patch,
        sentence=f"{_words(patch)}: it then needs {in_gib(tightest.needs)} of "
        f"{in_gib(tightest.allowed)} GiB.",
        needs=tightest.needs,
        allowed=tightest.allowed,
    )


def _together(
    recipe: Recipe, tried: list[Patch], capacity: Capacity, again: Again
) -> Remedy | None:
    """Several changes at once, each added to those before, and at last a shorter context."""
    patch: Patch = {}
    for more in [p for p in tried if "cpu_offload_gib" not in p]:
        patch = patch | more
        changed = msgspec.structs.replace(recipe, **patch)
        if remedy := _checked(recipe, patch, capacity, again):
            return remedy
        known = again(changed)
        context = known.numbers.context_length if known.numbers else 0
        if context and (length := _longest(changed, context, capacity, again)):
            return _checked(recipe, patch | {"context_length": length}, capacity, again)
    return None


def _words(patch: Patch) -> str:
    text = ", ".join(_phrase(name, value) for name, value in patch.items())
    return text[:1].upper() + text[1:]


def _phrase(name: str, value: object) -> str:
    match name:
        case "context_length" | "max_sequences":
            return f"lower {name} to {value}"
        case "memory_fraction" | "tensor_parallel" | "cpu_offload_gib":
            return f"raise {name} to {value:g}"
        case "enforce_eager":
            return "set enforce_eager"
        case _:
            return (
                f"set {name} to {value:g}" if isinstance(value, float) else f"set {name} to {value}"
            )
