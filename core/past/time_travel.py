"""The past of one log: any moment of it, and the snapshots that make that quick.

Made for the running studio, and read-only for one that is stopped.
"""

import asyncio
import logging
import sqlite3
import threading
from pathlib import Path

from core.errors import Invalid
from core.past.moments import Moment, moment
from core.past.state import State, state_of
from events.errors import EventError
from events.projections.research_runs import ResearchRow, research_runs
from events.snapshots import Snapshots
from events.store import EventStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
REST_S = 0.01  # between two steps, each of about a millisecond: nobody notices


class TimeTravel:
    """Blocking, apart from `run`: ask it in a thread."""

    def __init__(self, store: EventStore, home: Path, *, read_only: bool = False) -> None:
        self.store = store
        self._folder = home / "snapshots"
        self._read_only = read_only
        self._lock = threading.Lock()
        self._snapshots: Snapshots | None = None

    @property
    def snapshots(self) -> Snapshots:
        """Found when first wanted: their key is made from the code, which takes a moment."""
        with self._lock:
            if self._snapshots is None:
                self._snapshots = Snapshots(self.store, self._folder, read_only=self._read_only)
            return self._snapshots

    def position(self, text: str, now: int, field: str = "at") -> int:
        """The position that a moment means; raises Invalid. A time before the log means 0."""
        return self.position_of(moment(text, now, field), field)

    def position_of(self, wanted: Moment, field: str = "at") -> int:
        """The same for a moment that was read."""
        if wanted.at is not None:
            return self.snapshots.position_at(wanted.at)
        position, head = wanted.position or 0, self.store.head
        if not 0 <= position <= head:
            raise Invalid(
                f"`{field}` is a position from 0 to {head}, or a time",
                field=field,
                code="no-moment",
            )
        return position

    def state(self, position: int) -> State:
        """Everything as of a position."""
        connection = self.snapshots.state_at(position)
        try:
            return state_of(connection, position, self.recorded_at(position))
        finally:
            connection.close()

    def research(self, position: int) -> list[ResearchRow]:
        """How far every run of research was; what was asked is not in it. Raises Invalid."""
        connection = self.snapshots.state_at(self.position_of(Moment(position=position)))
        try:
            return research_runs(connection)
        finally:
            connection.close()

    def recorded_at(self, position: int) -> int | None:
        """When the event at a position was recorded; None for 0."""
        with self.store.reading() as connection:
            row = connection.execute(
                "select recorded_at from events where position = ?", (position,)
            ).fetchone()
        return int(row[0]) if row else None

    async def run(self) -> None:
        """Make snapshots as the log grows, in small steps, until cancelled."""
        try:
            while True:
                more = await asyncio.to_thread(self._step)
                await asyncio.sleep(REST_S if more else LOOK_EVERY_S)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of what is being folded."""
        if self._snapshots is not None:
            self._snapshots.close()

    def _step(self) -> bool:
        try:
            return self.snapshots.step()
        except (EventError, sqlite3.Error) as problem:
            log.warning("no snapshot can be made now: %s", problem)
            return False
