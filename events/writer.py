"""The one thread that writes: whatever waits is committed together, then everyone is told.

    append ─┐                              ┌─► futures, one call per event loop
    append ─┼─► queue ─► one transaction ──┤
    append ─┘   1. events, in order        └─► subscriptions, in the same call
                2. read models
                3. the tree's tiles and frontier
                4. commit: the disk has it

A commit costs the same for one event as for hundreds, so writers that come together share it.
After a failed commit nothing of it is kept: the head is read again from the file.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import partial

from events import reading
from events.envelope import Recorded
from events.errors import (
    EventError,
    LogUnavailable,
    VersionConflict,
    from_sqlite,
    place_of,
    sync_failed,
)
from events.head import Answer, Head, Submission
from events.projections.projector import ProjectionFailed, Projector
from events.subscription import Hub, call_in
from events.together import Rows

log = logging.getLogger(__name__)

MAX_BATCH = 512  # appends that share a commit

EVENTS = Rows(f"insert into events ({reading.COLUMNS})", 12)
INSERT = EVENTS.one


class Writer:
    """Owns the writing connection and the head."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        projector: Projector,
        hub: Hub,
        now: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._projector = projector
        self._hub = hub
        self._now = now
        self._head: Head | None = Head(connection)
        self._queue: queue.SimpleQueue[Submission | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._given_up: str | None = None
        self.problem: str | None = None  # why the newest commit failed
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)

    def start(self) -> None:
        """Begin to take submissions from the queue."""
        self._thread.start()

    def submit(self, submission: Submission) -> None:
        """Queue a submission; LogUnavailable once the log is closed."""
        with self._gate:
            if self._closed:
                raise LogUnavailable("the log is closed")
            self._queue.put(submission)

    def close(self) -> None:
        """Write what is queued, then stop. May be called twice."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join()
        self._connection.close()

    def write(self, batch: Sequence[Submission]) -> None:
        """Commit a batch, then answer each of its callers and tell every follower."""
        answers = self._commit(batch)
        told = [event for answer in answers if isinstance(answer, list) for event in answer]
        followers = self._hub.advance(told[-1].position) if told else ()
        calls: dict[asyncio.AbstractEventLoop, list[Callable[[], None]]] = {}
        for submission, answer in zip(batch, answers, strict=True):
            if submission.loop is None:
                submission.answer(answer)
            else:
                calls.setdefault(submission.loop, []).append(partial(submission.answer, answer))
        for follower in followers:
            if follower.loop is not None:
                calls.setdefault(follower.loop, []).append(partial(follower.deliver, told))
        for loop, those in calls.items():
            call_in(loop, partial(_call_each, those))

    def _run(self) -> None:
        while (batch := self._next_batch()) is not None:
            if batch:
                self.write(batch)

    def _next_batch(self) -> list[Submission] | None:
        """Wait for one submission and take what else is there; None after the last one."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MAX_BATCH:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._queue.put(None)  # nothing can come after it: the gate is closed
                break
            batch.append(more)
        return batch

    def _commit(self, batch: Sequence[Submission]) -> list[Answer]:
        """Commit a batch; on failure every caller hears why and nothing is kept."""
        while True:
            try:
                return self._attempt(batch)
            except ProjectionFailed as failure:
                self._abandon()
                # Without that one: the facts matter more than any reading of them.
                self._leave_out(failure)
            except sqlite3.Error as error:
                self._abandon()
                if sync_failed(error):
                    self._give_up(f"the disk did not confirm a write: {error}")
                return self._refused(from_sqlite(error), batch)
            except EventError as error:
                self._abandon()
                return self._refused(error, batch)
            except Exception as error:
                self._abandon()
                log.error("commit failed at %s", place_of(error))
                refusal = LogUnavailable(f"writing failed: {type(error).__name__}")
                return self._refused(refusal, batch)

    def _refused(self, error: EventError, batch: Sequence[Submission]) -> list[Answer]:
        """Nothing was written; said once in the log, however many try until it goes well again."""
        if self.problem != str(error):
            log.error("commit failed, nothing was written: %s", error)
        self.problem = str(error)
        return [error] * len(batch)

    def _attempt(self, batch: Sequence[Submission]) -> list[Answer]:
        if self._given_up is not None:
            raise LogUnavailable(self._given_up)
        head = self._head = self._head or Head(self._connection)
        head.make_room()
        self._connection.execute("begin immediate")
        answers: list[Answer] = []
        recorded: list[Recorded] = []
        for submission in batch:
            try:
                placed = head.extend(submission, self._now())
            except VersionConflict as conflict:
                answers.append(conflict)
            else:
                answers.append(placed)
                recorded.extend(placed)
        if recorded:
            self._write_down(recorded, head)
        self._connection.execute("commit")
        if recorded:
            self.problem = None
        return answers

    def _write_down(self, recorded: Sequence[Recorded], head: Head) -> None:
        EVENTS.put(self._connection, map(_as_row, recorded))
        self._projector.apply(self._connection, recorded)
        if tiles := head.frontier.closed:
            self._connection.executemany("insert into log_tiles values (?, ?, ?)", tiles)
            head.frontier.closed = []
        self._connection.execute(
            "update log_frontier set size = ?, peaks = ?",
            (head.frontier.size, head.frontier.pack()),
        )

    def _leave_out(self, failure: ProjectionFailed) -> None:
        try:
            self._projector.leave_out(self._connection, failure)
        except sqlite3.Error as error:
            log.error("the broken read model %s could not be marked: %s", failure.name, error)

    def _abandon(self) -> None:
        """Undo the open transaction and forget the head, which is ahead of the file."""
        self._head = None
        try:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
        except sqlite3.Error as error:
            self._give_up(f"a failed write could not be undone: {error}")

    def _give_up(self, reason: str) -> None:
        """Write nothing more until the log is opened again: the disk can no longer be trusted."""
        self._given_up = reason
        log.critical("the log takes no more events until it is opened again: %s", reason)


def _as_row(recorded: Recorded) -> tuple[object, ...]:
    return (
        recorded.position,
        recorded.id,
        recorded.stream,
        recorded.version,
        recorded.type,
        recorded.schema,
        recorded.recorded_at,
        recorded.actor,
        recorded.correlation_id,
        recorded.causation_id,
        recorded.data.decode(),
        recorded.leaf,
    )


def _call_each(calls: Sequence[Callable[[], None]]) -> None:
    for call in calls:
        call()
