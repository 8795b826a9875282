"""The `switching` stream in hand: its only writer, with the state folded from it."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from core.command_handler import known_facts
from core.switching import decider
from core.switching.decider import BeginChange, State, UnderWay
from core.switching.pending import Pending
from events.envelope import Recorded
from events.errors import EventError
from events.facts.base import Fact
from events.store import EventStore

log = logging.getLogger(__name__)

STREAM = "switching"


class Ledger:
    """Records what happens to changes, and knows which are under way."""

    def __init__(self, store: EventStore, changed: Callable[[], None]) -> None:
        self._store = store
        self._changed = changed
        self._state: State = decider.INITIAL
        self._unwritten: list[tuple[Fact, Pending]] = []
        self._writing = asyncio.Lock()
        self._newest: dict[str, Recorded] = {}

    def read(self) -> None:
        """Fold what the log says."""
        recorded = self._store.read_stream(STREAM)
        self._fold(known_facts([one.event for one in recorded]))
        for one in recorded:
            switch_id = getattr(one.event, "switch_id", None)
            if isinstance(switch_id, str) and switch_id in self._state:
                self._newest[switch_id] = one

    def newest(self, switch_id: str) -> Recorded | None:
        """The newest fact of a change that was under way when the log was read."""
        return self._newest.get(switch_id)

    @property
    def under_way(self) -> tuple[UnderWay, ...]:
        """Changes without an outcome, oldest first."""
        return tuple(self._state.values())

    def of(self, switch_id: str) -> UnderWay | None:
        """One change, while it is under way."""
        return self._state.get(switch_id)

    async def begin(self, command: BeginChange, pending: Pending) -> Sequence[Fact]:
        """Decide and record. Raises Refused when it touches what another change touches."""
        facts = decider.decide(command, self._state)
        for fact in facts:
            await self.record(fact, pending)
        return facts

    async def record(self, fact: Fact, pending: Pending) -> None:
        """Append and fold as one: an interruption waits until the log has answered.

        Raises EventError when it can not be written.
        """
        await self.write_again()
        writing = asyncio.ensure_future(self._append(fact, pending))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            self._fold([fact])
            raise
        self._fold([fact])
        self._changed()

    async def record_outcome(self, fact: Fact, pending: Pending) -> None:
        """An outcome that can not be written is over here all the same, and written later."""
        try:
            await self.record(fact, pending)
        except EventError as problem:
            log.error("how %s ended could not be recorded: %s", type(fact).__name__, problem)
            self._unwritten.append((fact, pending))
            self._fold([fact])

    @property
    def has_unwritten(self) -> bool:
        """Whether outcomes wait for the log to be writable again."""
        return bool(self._unwritten)

    async def write_again(self) -> None:
        """Write the outcomes that could not be written, in their order, as far as it goes."""
        async with self._writing:
            while self._unwritten:
                try:
                    await self._append(*self._unwritten[0])
                except EventError:
                    return
                del self._unwritten[0]

    async def _append(self, fact: Fact, pending: Pending) -> None:
        """Each fact of a change follows from the one before it."""
        recorded = await self._store.append(
            STREAM,
            [fact],
            actor=pending.actor,
            correlation_id=pending.correlation_id,
            causation_id=pending.caused_by,
        )
        for one in recorded:
            pending.caused_by = one.id

    def _fold(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._state = decider.evolve(self._state, fact)
