"""Does it fit? Pure: an estimate and a machine in, an answer in sentences out.

It refuses only what could not start even on an otherwise empty machine. What programs hold that
are not ours is said and never refused for: they may be gone in a second.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from core.errors import Refused
from core.fit.capacity import Capacity, Room
from core.fit.estimate import Estimate, Load
from core.fit.number_formats import in_gib
from core.fit.remedy import Remedy

DOES_NOT_FIT = "does-not-fit"


class Fits(msgspec.Struct, frozen=True, kw_only=True, tag="fits"):
    """It can start. `doubt` is a sentence when only a guess decides, or others are in the way."""

    doubt: str = ""


class WillNotFit(msgspec.Struct, frozen=True, kw_only=True, tag="will-not-fit"):
    """It can not start, whatever else is evicted."""

    device: str
    label: str
    needs: int
    allowed: int
    why: str  # a clause: "of GPU 0 it needs 43.1 GiB, and 22.1 GiB may be used"
    remedies: tuple[Remedy, ...] = ()

    @property
    def short_by(self) -> int:
        """Bytes that are missing."""
        return self.needs - self.allowed


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag="unknown"):
    """Nothing can be said."""

    why: str


Verdict = Fits | WillNotFit | Unknown
Word = Literal["fits", "will-not-fit", "unknown"]


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """One device, what is asked of it at least and usually, and how much may be used."""

    room: Room
    load: Load
    needs: int
    takes: int
    allowed: int
    limit: str  # why not all of it may be used; empty when all may


def judge(known: Estimate, capacity: Capacity) -> Verdict:
    """The answer, without remedies (`remedies.py` adds them)."""
    if known.source == "unknown":
        return Unknown(why=known.why)
    if len(known.gpus) > len(capacity.gpus):
        return Unknown(
            why=f"it takes {len(known.gpus)} GPUs, and this machine has {len(capacity.gpus)}"
        )
    asked = list(demands(known, capacity))
    short = [one for one in asked if one.needs > one.allowed]
    if short:
        return _refused(max(short, key=lambda one: one.needs - one.allowed))
    return _cache_is_too_small(known, capacity) or Fits(doubt=_doubt(known, asked))


def demands(known: Estimate, capacity: Capacity) -> Iterator[Demand]:
    """Every device that is used."""
    for load, room in zip(known.gpus, capacity.gpus, strict=False):
        fraction = known.fraction
        limit = "" if fraction is None else f" (memory_fraction {fraction:g})"
        yield Demand(
            room=room,
            load=load,
            needs=_within_fraction(known, load),
            takes=load.takes,
            allowed=room.total if fraction is None else round(fraction * room.total),
            limit=limit,
        )
    if known.host is not None:
        room = capacity.host
        load = known.host
        yield Demand(
            room=room, load=load, needs=load.needs, takes=load.takes, allowed=room.total, limit=""
        )


def refusal(recipe_id: str, verdict: WillNotFit) -> Refused:
    """The refusal of a start, with the first remedy as the next action."""
    first = verdict.remedies[0].sentence if verdict.remedies else "Choose a smaller model."
    return Refused(f"{recipe_id} does not fit: {verdict.why}", code=DOES_NOT_FIT, next_action=first)


def _within_fraction(known: Estimate, load: Load) -> int:
    """SGLang's fraction is of weights and cache alone."""
    if known.numbers is not None and known.numbers.engine == "sglang":
        kinds = ("weights", "kv_cache")
        return sum(segment.least for segment in load.segments if segment.kind in kinds)
    return load.needs


def _refused(demand: Demand) -> WillNotFit:
    amount = f"{in_gib(demand.allowed)} GiB may be used{demand.limit}"
    if not demand.limit:
        amount = f"it has {in_gib(demand.allowed)} GiB"
    return WillNotFit(
        device=demand.room.device,
        label=demand.room.label,
        needs=demand.needs,
        allowed=demand.allowed,
        why=f"of {demand.room.label} it needs {in_gib(demand.needs)} GiB, and {amount}",
    )


def _cache_is_too_small(known: Estimate, capacity: Capacity) -> WillNotFit | None:
    """vLLM refuses a KV cache of a given size that does not hold one full-length request."""
    numbers = known.numbers
    if numbers is None or numbers.kv_room is None or numbers.memory_fraction is not None:
        return None
    if not numbers.engine.startswith("vllm") or numbers.kv_request <= numbers.kv_room:
        return None
    room = capacity.gpus[0] if known.gpus else capacity.host
    return WillNotFit(
        device=room.device,
        label="the KV cache",
        needs=numbers.kv_request,
        allowed=numbers.kv_room,
        why=f"a request of {numbers.context_length} tokens needs {in_gib(numbers.kv_request)} GiB "
        f"of KV cache, and there are {in_gib(numbers.kv_room)} GiB (kv_cache_gib)",
    )


def _doubt(known: Estimate, asked: list[Demand]) -> str:
    for one in asked:
        if one.takes > one.room.total:
            return f"it may take all of {one.room.label}; the estimate is close to its size"
    for one in asked if known.source != "measured" else ():
        usual = sum(s.least if s.kind == "kv_cache" else s.bytes for s in one.load.segments)
        if usual > one.room.total or (one.needs == one.load.needs and usual > one.allowed):
            return f"of {one.room.label} hardly anything is left; it may fail to start"
    for one in asked:
        if one.takes > one.room.total - one.room.held:
            held = in_gib(one.room.held)
            return f"other programs hold {held} GiB of {one.room.label}; close them first"
    return ""
