"""Where the log ends, and how a submission gets its place there."""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future

import msgspec

from events import reading
from events.audit.merkle import Frontier, leaf_hash
from events.codec import Sealed, envelope_line
from events.envelope import Recorded, moment_of, uuid7_in
from events.errors import EventError, LogDamaged, VersionConflict

MAX_STREAMS = 50_000  # stream versions remembered

Answer = list[Recorded] | EventError


class Submission(msgspec.Struct, gc=False):
    """What one caller wants appended, and where it waits for the answer."""

    stream: str
    sealed: Sequence[Sealed]
    actor: str
    expected: int | None
    correlation_id: str | None
    causation_id: str | None
    future: "Future[list[Recorded]] | asyncio.Future[list[Recorded]]"
    loop: asyncio.AbstractEventLoop | None = None

    def answer(self, answer: Answer) -> None:
        """Tell the caller; one who has gone away is not told."""
        if self.future.done():
            return
        if isinstance(answer, EventError):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Head:
    """Where the log ends: the next position, the streams' versions, the tree's frontier."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.position = reading.head_position(connection)
        row = connection.execute("select size, peaks from log_frontier").fetchone()
        if row is None:
            raise LogDamaged("the tree's frontier is gone")
        size, peaks = row
        try:
            self.frontier = Frontier.load(size, peaks)
        except ValueError as error:
            raise LogDamaged(f"the tree's frontier is damaged: {error}") from error
        if size != self.position:
            raise LogDamaged(f"the log holds {self.position} events, but {size} were written to it")
        self._versions: dict[str, int] = {}

    def extend(self, submission: Submission, now: int) -> list[Recorded]:
        """Give the submission its place at the end; VersionConflict leaves the head as it was."""
        version = self._version(submission.stream)
        if submission.expected is not None and submission.expected != version:
            raise VersionConflict(submission.stream, submission.expected, version)
        recorded = []
        moment = moment_of(now)
        for sealed in submission.sealed:
            version += 1
            recorded.append(self._record(submission, sealed, version, now, uuid7_in(moment)))
        self._versions[submission.stream] = version
        return recorded

    def _record(
        self, submission: Submission, sealed: Sealed, version: int, now: int, id: str
    ) -> Recorded:
        self.position += 1
        leaf = leaf_hash(
            envelope_line(
                self.position,
                id,
                submission.stream,
                version,
                sealed.type,
                sealed.schema,
                now,
                submission.actor,
                submission.correlation_id,
                submission.causation_id,
                sealed.data,
            )
        )
        self.frontier.push(leaf)
        return Recorded(
            position=self.position,
            id=id,
            stream=submission.stream,
            version=version,
            type=sealed.type,
            schema=sealed.schema,
            recorded_at=now,
            actor=submission.actor,
            correlation_id=submission.correlation_id,
            causation_id=submission.causation_id,
            event=sealed.event,
            data=sealed.data,
            leaf=leaf,
        )

    def make_room(self) -> None:
        """Forget the streams' versions when they are many; only between two commits.

        Within one, the file does not know yet what has got its place.
        """
        if len(self._versions) >= MAX_STREAMS:
            self._versions.clear()

    def _version(self, stream: str) -> int:
        if stream not in self._versions:
            self._versions[stream] = reading.stream_version(self._connection, stream)
        return self._versions[stream]
