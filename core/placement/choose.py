"""The device sets a recipe may run on, best first. Pure; who must go for each is decided elsewhere.

    1. on the CPU             main memory (a command that names devices is taken at its word)
    2. it names its devices   exactly those
    3. a Ray cluster          every GPU of this machine: Ray hands them out, not we
    4. no GPU is known        as many as it takes, called by nothing but a number
    5. otherwise              sets of like GPUs, near to each other, little used, in NVML's order

Unlike GPUs are never mixed unless the recipe names them: the slowest and smallest would rule.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, islice

import msgspec

from core.hardware.picture import Distance, Gpu
from core.placement.devices import resolve
from core.placement.placement import HOST, Placement, Share
from core.recipes.flag_names import flag_in
from core.recipes.placement_rules import world_size
from core.recipes.recipe import Recipe

MOST_OPTIONS = 128  # 8 GPUs choose 4 are 70
_MOST_SETS = 20_000  # looked at, before the best are taken; 16 GPUs choose 8 are 12,870
_FAR: dict[Distance, int] = {"nvlink": 0, "switch": 1, "socket": 2, "system": 3}
_UNTOLD = 3
_SLICE = "MIG"
_MOST_SLICES = 100  # of one GPU; it is 7 today
_USED_STEP = 1024**3  # differences in use below this do not decide
# Flags by which the engine counts its GPUs in a way that is not ours to guess.
_OWN_COUNT = ("data_parallel_size_local", "enable_dp_attention", "nnodes", "device")


def options(
    recipe: Recipe,
    gpus: Sequence[Gpu],
    per_gpu_bytes: int | None,
    host_bytes: int | None,
    on_cpu: bool,
) -> tuple[Placement, ...]:
    """All sensible ways to run it, at most `MOST_OPTIONS`. Raises Invalid for unknown `devices`.

    Empty when this machine has not enough like GPUs. `per_gpu_bytes` and `host_bytes`: what it
    takes of each; None when nobody knows. On GPUs an unknown part of main memory claims nothing.
    """
    if on_cpu and not (recipe.devices and recipe.engine == "command"):
        return (Placement(shares=(Share(device=HOST, bytes=host_bytes),)),)  # 1
    beside = (Share(device=HOST, bytes=host_bytes),) if host_bytes else ()
    if recipe.spread_by == "ray":
        return (_everything(gpus, per_gpu_bytes, beside),)  # 3
    if recipe.devices:
        uuids = resolve(recipe.devices, [gpu.called for gpu in gpus])
        return (_placed(uuids, per_gpu_bytes, beside, told=bool(gpus)),)  # 2
    count = gpus_here(recipe)
    if not gpus:
        return (_nameless(count or 1, beside),)  # 4
    if count is None:
        return (_everything(gpus, per_gpu_bytes, beside),)
    ranked = sorted(islice(_like_sets(gpus, count), _MOST_SETS), key=_preference)
    return tuple(  # 5
        _placed(tuple(one.uuid for one in chosen), per_gpu_bytes, beside)
        for chosen in ranked[:MOST_OPTIONS]
    )


def gpus_here(recipe: Recipe) -> int | None:
    """How many GPUs of this machine it takes; None: all, as nobody can tell."""
    if recipe.engine == "command" or any(flag_in(a, _OWN_COUNT) for a in recipe.extra_args):
        return None
    if recipe.spread_by == "engine":
        return math.ceil(world_size(recipe) / (recipe.nodes or 1))
    return world_size(recipe)


# ---- sets of GPUs ----------------------------------------------------------------------------


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A device that can be chosen: a GPU, or a slice of one."""

    uuid: str
    kind: str  # only devices of one kind work together
    size: int
    used: int
    order: int
    far: dict[str, int]  # to others by UUID; absent: nobody told


_Set = tuple[_Candidate, ...]


def _like_sets(gpus: Sequence[Gpu], count: int) -> Iterator[_Set]:
    """Sets of `count` devices of one kind. CUDA sees only one slice at a time, never more."""
    candidates = sorted(_candidates(gpus), key=lambda c: (c.kind, c.order))
    for kind, same in groupby(candidates, key=lambda c: c.kind):
        if count == 1 or not kind.startswith(_SLICE):
            yield from combinations(tuple(same), count)


def _candidates(gpus: Sequence[Gpu]) -> Iterator[_Candidate]:
    """Every whole GPU, and every slice of those that are cut up."""
    for gpu in gpus:
        if not gpu.slices:
            yield _Candidate(
                uuid=gpu.uuid,
                kind=f"{gpu.name} {gpu.memory_total}",
                size=gpu.memory_total,
                used=gpu.memory_used,
                order=gpu.index * _MOST_SLICES,
                far={link.uuid: _FAR[link.distance] for link in gpu.links},
            )
        for number, part in enumerate(gpu.slices):
            yield _Candidate(
                uuid=part.uuid,
                kind=f"{_SLICE} {part.memory_total}",
                size=part.memory_total,
                used=part.memory_used,
                order=gpu.index * _MOST_SLICES + number,
                far={},
            )


def _preference(chosen: _Set) -> tuple[int, int, int, int, tuple[int, ...]]:
    """Nearest, then the larger kind, then least used, then as NVML counts.

    The worst pair decides how fast all of them agree on a sum; the total tells sets apart that
    have one bad pair each. The larger kind before the less used: a display's small card is idle.
    """
    pairs = [one.far.get(other.uuid, _UNTOLD) for one, other in combinations(chosen, 2)]
    used = sum(one.used for one in chosen) // _USED_STEP
    orders = tuple(one.order for one in chosen)
    return max(pairs, default=0), sum(pairs), -chosen[0].size, used, orders


# ---- placements ------------------------------------------------------------------------------


def _placed(
    uuids: Sequence[str], per_gpu: int | None, beside: tuple[Share, ...], *, told: bool = True
) -> Placement:
    """On these. What only the recipe knows has no size to share, whatever it would take."""
    size = per_gpu if told else None
    shares = tuple(Share(device=uuid, bytes=size) for uuid in uuids)
    return Placement(shares=(*shares, *beside), devices=tuple(uuids) if told else ())


def _everything(gpus: Sequence[Gpu], per_gpu: int | None, beside: tuple[Share, ...]) -> Placement:
    """All of this machine, and the engine is not told which."""
    uuids = [part for gpu in gpus for part in (gpu.called.slices or (gpu.uuid,))]
    named = [Share(device=uuid, bytes=per_gpu) for uuid in uuids]
    return Placement(shares=(*(named or (Share(device="gpu:0"),)), *beside))


def _nameless(count: int, beside: tuple[Share, ...]) -> Placement:
    """Nobody tells what GPUs there are: the first ones, which is what the engine will take."""
    shares = tuple(Share(device=f"gpu:{index}") for index in range(count))
    return Placement(shares=(*shares, *beside))
