"""An estimate set right by what earlier runs really took. Pure.

    the same launch         what it took then is what it takes: nothing is estimated any more
    another revision of it  the difference that was seen then is added to what is guessed now

Weights and cache are computed and stay; the difference belongs to what was guessed, or, where the
engine fills its fraction, to the cache.
"""

import msgspec

from core.fit.estimate import Estimate, Load, Segment
from events.projections.memory_taken import MemoryTaken


def is_same_launch(taken: MemoryTaken, *, revision: int | None, fingerprint: str) -> bool:
    """By fingerprint where both have one, by revision elsewhere."""
    if taken.fingerprint and fingerprint:
        return taken.fingerprint == fingerprint
    return revision is not None and taken.revision == revision


def as_measured(known: Estimate, taken: MemoryTaken) -> Estimate:
    """The estimate of a launch that has answered before."""
    gpus = known.gpus
    if known.source == "unknown" or len(gpus) == len(taken.gpus):
        gpus = tuple(
            _took(gpus[rank] if rank < len(gpus) else None, size)
            for rank, (_, size) in enumerate(taken.gpus)
        )
    host = _took(known.host, taken.host, growing=_grows(known)) if taken.host else known.host
    return msgspec.structs.replace(known, source="measured", why="", gpus=gpus, host=host)


def as_earlier(known: Estimate, taken: MemoryTaken, then: Estimate) -> Estimate:
    """The estimate of a changed launch. `then`: what was estimated for the one that was measured.

    Only main memory: what a GPU engine takes beyond its model hides in the cache it fills.
    """
    if known.host is None or then.host is None or not taken.host:
        return known
    growing = then.host.of("kv_cache") if _grows(then) else 0
    difference = taken.host - (then.host.takes - growing)
    segments = tuple(_shifted(segment, difference) for segment in known.host.segments)
    host = Load(segments=segments, takes=sum(segment.bytes for segment in segments))
    return msgspec.structs.replace(known, host=host)


def _took(load: Load | None, size: int, *, growing: bool = False) -> Load:
    """A load that took `size` bytes; of a cache that grows, the rest is still to come."""
    if load is None:
        whole = Segment(kind="overhead", bytes=size, least=size)
        return Load(segments=(whole,), takes=size, proven=size)
    to_come = load.of("kv_cache") if growing else 0
    segments = _resized(load, size + to_come)
    return Load(segments=segments, takes=size + to_come, proven=size)


def _resized(load: Load, size: int) -> tuple[Segment, ...]:
    """The parts add up to what was measured: guesses give way first, then the cache, then all."""
    missing = size - sum(segment.bytes for segment in load.segments)
    resized = list(load.segments)
    for kind in ("overhead", "activations", "graphs", "kv_cache", "weights"):
        for index, segment in enumerate(resized):
            if segment.kind == kind and missing:
                changed = max(0, segment.bytes + missing)
                missing -= changed - segment.bytes
                least = min(segment.least, changed)
                resized[index] = msgspec.structs.replace(segment, bytes=changed, least=least)
    return tuple(resized)


def _shifted(segment: Segment, difference: int) -> Segment:
    if segment.kind != "overhead":
        return segment
    return msgspec.structs.replace(segment, bytes=max(segment.least, segment.bytes + difference))


def _grows(known: Estimate) -> bool:
    """Whether its cache is empty when it becomes ready."""
    return known.numbers is not None and known.numbers.engine == "transformers"
