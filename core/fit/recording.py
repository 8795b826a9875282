"""Records what a ready engine holds, so that the next estimate of its recipe is a measurement."""

import logging
from collections.abc import Callable

from core.hardware.picture import Hardware
from core.hardware.process_memory import Measured, measure
from core.hardware.reading import read_hardware
from events.errors import EventError
from events.facts import EngineMemoryMeasured
from events.store import EventStore

log = logging.getLogger(__name__)

ANSWERED = ("engine-became-ready", "engine-woke", "engine-adopted")  # it is measured after these


async def record_memory(
    store: EventStore,
    *,
    engine_id: str,
    recipe_id: str,
    revision: int,
    process_group: int,
    fingerprint: str = "",
    correlation_id: str | None = None,
    hardware: Callable[[], Hardware] = read_hardware,
) -> Measured | None:
    """Measure and record; None when nothing could be. Never fails the start it follows."""
    measured = await measure(process_group, hardware)
    if measured is None or not (measured.host or measured.gpus):
        return None
    fact = EngineMemoryMeasured(
        engine_id=engine_id,
        recipe_id=recipe_id,
        revision=revision,
        gpus=dict(measured.gpus),
        host=measured.host,
        fingerprint=fingerprint,
    )
    stream = f"engine-{engine_id}"
    try:
        answered = [one for one in store.read_stream(stream) if one.type in ANSWERED]
        await store.append(
            stream,
            [fact],
            actor="system",
            correlation_id=correlation_id,
            causation_id=answered[-1].id if answered else None,
        )
    except EventError as problem:
        log.error("%s: what it holds could not be recorded: %s", engine_id, problem)
    return measured
