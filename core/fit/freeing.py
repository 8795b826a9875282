"""After an eviction, memory is not free yet: wait until it is, or until nothing moves any more.

The driver gives memory back half a second to a second and a half after the process is gone, and an
engine that starts in that gap fails on memory that is nearly its own (Ollama waits for the same
reason). The rule is pure; the waiting takes a `read` and a clock.

    enough   every device has free what is planned          → go on at once
    still    no reading has moved for longer than that gap  → go on: more will not come
    late     the deadline is over                           → go on: the engine will say
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import msgspec

from core.fit.number_formats import MIB
from core.hardware.picture import Hardware
from core.placement.placement import HOST

Free = Mapping[str, int]  # bytes that are free, by device
Wanted = Mapping[str, int | None]  # bytes that are planned; None: nobody knows
Outcome = Literal["enough", "still", "late"]

DEADLINE_S = 5.0
POLL_S = 0.25
STILL_S = 1.75
MOVED = 16 * MIB  # less is the machine's own breathing


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was free, and when (in seconds of any steady clock)."""

    at: float
    free: Free


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """How the wait ended, and what was seen last."""

    outcome: Outcome
    seconds: float
    free: Free


def judge(readings: Sequence[Reading], wanted: Wanted, *, deadline_s: float) -> Outcome | None:
    """The rule, over every reading so far; None: look again."""
    first, last = readings[0], readings[-1]
    known = {device: size for device, size in wanted.items() if size is not None}
    if len(known) == len(wanted) and all(last.free.get(d, 0) >= s for d, s in known.items()):
        return "enough"
    if last.at - first.at >= deadline_s:
        return "late"
    return "still" if last.at - _moved_at(readings, wanted) >= STILL_S else None


def _moved_at(readings: Sequence[Reading], wanted: Wanted) -> float:
    """When anything that matters last moved; the beginning, if nothing ever did."""
    moved, before = readings[0].at, readings[0].free
    for reading in readings[1:]:
        if any(abs(reading.free.get(d, 0) - before.get(d, 0)) >= MOVED for d in wanted):
            moved, before = reading.at, reading.free
    return moved


async def freed(
    read: Callable[[], Awaitable[Free]],
    wanted: Wanted,
    *,
    deadline_s: float = DEADLINE_S,
    poll_s: float = POLL_S,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Freed:
    """Wait until `wanted` is free on each device. Never raises because it is not."""
    readings: list[Reading] = []
    while True:
        readings.append(Reading(at=monotonic(), free=await read()))
        if outcome := judge(readings, wanted, deadline_s=deadline_s):
            seconds = readings[-1].at - readings[0].at
            return Freed(outcome=outcome, seconds=seconds, free=readings[-1].free)
        await sleep(poll_s)


def free_of(hardware: Hardware) -> dict[str, int]:
    """What a reading of the machine says is free, by device: GPUs by UUID, and main memory."""
    gpus = {gpu.uuid: gpu.memory_total - gpu.memory_used for gpu in hardware.gpus}
    return gpus | {HOST: hardware.memory.available}
