"""The facts of one run, recorded in order; kept for later while the log can not be written."""

import logging

from core.engines.run import Asker
from events.errors import EventError
from events.facts.base import Fact
from events.store import EventStore

log = logging.getLogger(__name__)

BACKLOG = 50  # facts kept while the log can not be written


class Recorder:
    """The only writer of one stream."""

    def __init__(self, stream: str, store: EventStore) -> None:
        self._stream = stream
        self._store = store
        self._unrecorded: list[tuple[Fact, Asker]] = []
        self._cause = Asker()  # the newest fact, and in the course of what it came about

    async def record(self, fact: Fact, asker: Asker, *, must: bool) -> None:
        """Append it; when the disk is full, go on looking after the process and try again later.

        `must`: raise EventError instead of going on without it.
        """
        self._unrecorded = [*self._unrecorded, (fact, asker)][-BACKLOG:]
        while self._unrecorded:
            try:
                await self._append(*self._unrecorded[0])
            except EventError as problem:
                if must:
                    raise
                log.error("%s: a fact waits to be recorded: %s", self._stream, problem)
                return
            del self._unrecorded[0]

    def leave(self) -> None:
        """The run is over, and nobody comes back to it: what waits is the store's to record."""
        for fact, of in self._unrecorded:
            self._store.append_later(
                self._stream,
                fact,
                actor=of.actor,
                correlation_id=of.correlation_id or self._cause.correlation_id,
                causation_id=of.causation_id or self._cause.causation_id,
            )

    async def _append(self, fact: Fact, asker: Asker) -> None:
        """What nobody asked for follows from the fact before it."""
        correlation_id = asker.correlation_id or self._cause.correlation_id
        (recorded,) = await self._store.append(
            self._stream,
            [fact],
            actor=asker.actor,
            correlation_id=correlation_id,
            causation_id=asker.causation_id or self._cause.causation_id,
        )
        self._cause = Asker(correlation_id=correlation_id, causation_id=recorded.id)
