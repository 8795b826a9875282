"""The log of everything that happened: append, read, follow. Start reading here.

One SQLite file per log, one writing process (`lock.py`), one writing thread (`writer.py`).
An append returns when the disk has it. Nothing is ever changed or removed (`schema.py`).
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from sqlite_utils import Database

from events import codec, connections, reading, schema
from events.envelope import Event, Recorded
from events.errors import EventError, LogDamaged, LogUnavailable, NotRecordable, from_sqlite
from events.examining import Check, examine
from events.facts import AuditLogCreated
from events.facts.base import Fact
from events.head import Submission
from events.lock import ProcessLock
from events.projections.projector import Projection, Projector
from events.subscription import Hub, Subscription
from events.writer import Writer


def wall_clock_us() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


class Late(NamedTuple):
    """A fact that waits until the log can be written again."""

    stream: str
    event: Fact
    actor: str
    correlation_id: str | None
    causation_id: str | None


class EventStore:
    """One open log. Safe to use from any thread; `append` from any event loop."""

    def __init__(
        self,
        path: Path,
        readers: reading.Readers,
        hub: Hub,
        *,
        lock: ProcessLock | None = None,
        writer: Writer | None = None,
        projector: Projector | None = None,
    ) -> None:
        self.path = path
        self.log_id = ""
        self._readers = readers
        self._hub = hub
        self._lock = lock
        self._writer = writer
        self._projector = projector
        self._late: list[Late] = []
        self._refusal: str | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        projections: Sequence[Projection] = (),
        now: Callable[[], int] = wall_clock_us,
        read_only: bool = False,
        check: Check | None = None,
        problem: str | None = None,
    ) -> "EventStore":
        """Open a log, making it when it is not there; read models are brought up to date.

        `check` sees an existing log, through a connection that only reads, before it is written.
        Raises LogLocked when another process writes it, LogDamaged when its tail is not what was
        written, LogUnavailable when the file cannot be used. `read_only` takes no lock, checks
        nothing and works beside a writing process; it needs an existing log. `problem` says why
        it is opened so, to everyone who wants to append.
        """
        try:
            if read_only:
                return cls._open_read_only(path, problem)
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = ProcessLock.take(path.with_name(path.name + ".lock"))
            try:
                examine(path, check)
                return cls._open_writing(path, lock, projections, now)
            except BaseException:
                lock.release()
                raise
        except sqlite3.Error as error:
            raise from_sqlite(error) from error
        except OSError as error:
            raise LogUnavailable(f"{path} cannot be opened: {error.strerror}") from error

    @classmethod
    def _open_read_only(cls, path: Path, problem: str | None) -> "EventStore":
        store = cls(path, reading.Readers(path), Hub())
        store._refusal = problem
        try:
            store.log_id = store._read_log_id()
            store._hub = Hub(store.head)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def _open_writing(
        cls,
        path: Path,
        lock: ProcessLock,
        projections: Sequence[Projection],
        now: Callable[[], int],
    ) -> "EventStore":
        connection = connections.open_writer(path)
        try:
            schema.migrate(Database(connection, execute_plugins=False))
            projector = Projector(projections)
            projector.open(connection)
            connections.guard(connection)
            hub = Hub(reading.head_position(connection))
            writer = Writer(connection, projector, hub, now)
        except BaseException:
            connection.close()
            raise
        readers = reading.Readers(path)
        store = cls(path, readers, hub, lock=lock, writer=writer, projector=projector)
        try:
            writer.start()
            if hub.head == 0:
                store.append_now("audit", [AuditLogCreated(log_id=str(uuid4()))], actor="system")
            store.log_id = store._read_log_id()
        except BaseException:
            store.close()
            raise
        return store

    async def append(
        self,
        stream: str,
        events: Sequence[Fact],
        *,
        actor: str,
        expected: int | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
    ) -> list[Recorded]:
        """Record facts, all or none; returns when they are on the disk and followers are told.

        `expected` is the version the stream must be at, 0 for a new one; None takes any.
        Raises VersionConflict, NotRecordable or LogUnavailable; then nothing was written.
        A caller that is cancelled while waiting does not know: the facts may be recorded.
        """
        if not events:
            return []
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Recorded]] = loop.create_future()
        sealed = _seal(stream, events, actor, correlation_id, causation_id)
        self._open_for_writing().submit(
            Submission(stream, sealed, actor, expected, correlation_id, causation_id, future, loop)
        )
        recorded = await future
        if self._late:
            await self._write_late()
        return recorded

    def append_later(
        self,
        stream: str,
        event: Fact,
        *,
        actor: str,
        correlation_id: str | None = None,
        causation_id: str | None = None,
    ) -> None:
        """Keep an outcome that `append` could not record; written right after the next append.

        For what has happened and can not be refused any more: an intent in the log must not stay
        without an outcome because the disk was full when it came. It is kept in memory, in order;
        a crash before that loses it, and the next start finds the intent open.
        """
        self._late.append(Late(stream, event, actor, correlation_id, causation_id))

    async def _write_late(self) -> None:
        """In order; at the next failure the rest is kept on, before what came in the meantime."""
        late, self._late = self._late, []
        try:
            while late:
                one = late[0]
                await self.append(
                    one.stream,
                    [one.event],
                    actor=one.actor,
                    correlation_id=one.correlation_id,
                    causation_id=one.causation_id,
                )
                del late[0]
        except EventError:
            pass  # the log is full again: `problem` says so
        finally:
            self._late = late + self._late

    def append_now(
        self,
        stream: str,
        events: Sequence[Fact],
        *,
        actor: str,
        expected: int | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
    ) -> list[Recorded]:
        """Do what `append` does, blocking, for threads without an event loop."""
        if not events:
            return []
        future: Future[list[Recorded]] = Future()
        sealed = _seal(stream, events, actor, correlation_id, causation_id)
        self._open_for_writing().submit(
            Submission(stream, sealed, actor, expected, correlation_id, causation_id, future)
        )
        return future.result()

    def read_stream(self, stream: str, after: int = 0) -> list[Recorded]:
        """Read one stream from the version after `after`; empty when there is none."""
        with self.reading() as connection:
            return reading.read_stream(connection, stream, after)

    def read_stream_back(
        self,
        stream: str,
        before: int | None = None,
        limit: int = 1000,
        *,
        type: str | None = None,
    ) -> list[Recorded]:
        """Read a stream's newest events, or those before a version, of all or of one type."""
        with self.reading() as connection:
            return reading.read_stream_back(connection, stream, before, limit, type=type)

    def read_events(self, stream: str, after: int = 0) -> list[Event]:
        """Read what happened in one stream and nothing around it, from the version after `after`.

        The version that the stream is at is `after` and how many they are.
        """
        with self.reading() as connection:
            return reading.read_events(connection, stream, after)

    def read_all(
        self,
        after: int = 0,
        limit: int = 1000,
        *,
        before: int | None = None,
        newest_first: bool = False,
        streams: Sequence[str] = (),
        types: Sequence[str] = (),
    ) -> list[Recorded]:
        """Read events with after < position < before, of all or of some streams and types."""
        with self.reading() as connection:
            return reading.read_all(
                connection,
                after,
                limit,
                before=before,
                newest_first=newest_first,
                streams=streams,
                types=types,
            )

    @property
    def head(self) -> int:
        """The position of the newest event."""
        if self._writer is not None:
            return self._hub.head
        with self.reading() as connection:
            return reading.head_position(connection)

    @property
    def problem(self) -> str | None:
        """Why the newest commit failed; None when it went well. The next may succeed.

        Of a log that was opened for reading only, because of a problem: that problem.
        """
        return self._writer.problem if self._writer else self._refusal

    @property
    def broken_projections(self) -> dict[str, str]:
        """Read models that stopped on an event, with the reason; they are retried on open."""
        return dict(self._projector.broken) if self._projector else {}

    def subscribe(self, after: int | None = None, *, maxsize: int = 1000) -> Subscription:
        """Follow the log from the position after `after`; None, or one not yet there: from now."""
        if self._refusal is None:
            self._open_for_writing()
        start = self._hub.head if after is None else min(after, self._hub.head)
        return Subscription(self._hub, self.read_all, start, maxsize)

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend a read-only connection with one consistent picture, for as long as the block."""
        return self._readers.reading()

    def close(self) -> None:
        """Write what is queued, end every subscription, let go of the file. May be repeated."""
        self._write_late_now()
        self._readers.close()  # first, so that the writer is last and folds its file together
        if self._writer is not None:
            self._writer.close()
        self._hub.close()
        if self._lock is not None:
            self._lock.release()

    def _write_late_now(self) -> None:
        """The last chance."""
        with contextlib.suppress(EventError):
            while self._late and self._writer is not None:
                one = self._late[0]
                self.append_now(
                    one.stream,
                    [one.event],
                    actor=one.actor,
                    correlation_id=one.correlation_id,
                    causation_id=one.causation_id,
                )
                del self._late[0]

    def _open_for_writing(self) -> Writer:
        if self._writer is None:
            raise LogUnavailable(self._refusal or "the log was opened for reading only")
        return self._writer

    def _read_log_id(self) -> str:
        match self.read_all(0, 1):
            case [Recorded(event=AuditLogCreated(log_id=log_id))]:
                return log_id
        raise LogDamaged(f"{self.path.name} does not begin with its creation")


def _seal(
    stream: str,
    events: Sequence[Fact],
    actor: str,
    correlation_id: str | None,
    causation_id: str | None,
) -> list[codec.Sealed]:
    """Encode in the caller's thread, so that a fact that cannot be written stops nobody else."""
    if not stream or not actor:
        raise NotRecordable("a fact needs a stream and someone who asked for it")
    try:
        "".join((stream, actor, correlation_id or "", causation_id or "")).encode()
    except UnicodeEncodeError as error:
        raise NotRecordable(f"the envelope cannot be written: {error}") from error
    return [codec.CODEC.seal(event) for event in events]


__all__ = ["EventError", "EventStore", "wall_clock_us"]
