"""One exchange with an engine, and everybody who reads it.

    engine ──► fetch ──► Flight.write ──► pieces ──► reader 1 ──► client
               (a task of its own)           ├─────► reader 2 ──► client   (came later: all of it)
                                             └─────► reader 3 ──► client   (slow: holds up nobody)

The whole answer is kept while it is short, so that whoever comes later still gets all of it, and
a slow reader holds up nobody. Once it is longer than that nobody joins any more and what all have
read is dropped; then the engine waits for the slowest, and not for ever when others wait with it.
The last piece goes out when the fetch has ended: until then the answer can still fail.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from core.gateway.cancelling import Interrupted
from core.gateway.errors import UpstreamLost
from core.gateway.hooks import Fetched, Sink
from core.gateway.routes import Header

ROOM = 4 * 1024 * 1024  # bytes kept for who comes later, or reads slowly
PATIENCE_S = 30.0  # that the others wait for the slowest, once it is that far behind
ENDS_S = 1.0  # that the last reader waits for the fetch which it has cancelled


class Reader:
    """One who reads along."""

    def __init__(self) -> None:
        self.at = 0  # the next piece to read
        self.news = asyncio.Event()
        self.left_behind = False


class Flight:
    """The sink of one fetch. Loop-bound; nothing is awaited between a look and a change."""

    def __init__(
        self,
        fetch: Callable[[Sink], Awaitable[Fetched]],
        *,
        landed: Callable[["Flight"], None],
        room: int,
    ) -> None:
        """`landed` is called once when the fetch has ended, or when nobody reads any more."""
        self._fetch = fetch
        self._landed = landed
        self._room = room
        self._head: tuple[int, list[Header], bool] = (200, [], False)
        self._pieces: list[bytes] = []
        self._dropped = 0  # pieces that everybody has read
        self._held = 0  # bytes in `_pieces`
        self._last: bytes | None = None  # the last piece; None: `finish` was not called yet
        self._readers: list[Reader] = []  # in the order in which they came
        self._may_write = asyncio.Event()
        self._error: Exception | None = None
        self.fetched: Fetched | None = None  # set when it has ended well
        self.is_open = True  # somebody may still join
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(self._ended)

    # ---- readers -------------------------------------------------------------------------------

    def join(self) -> Reader:
        """One more reader, from the beginning. Only while it is open."""
        reader = Reader()
        self._readers.append(reader)
        return reader

    async def read(self, reader: Reader, sink: Sink, own: Sequence[Header] = ()) -> Fetched:
        """All of the answer into `sink`, or the flight's error; `own`: headers for this one."""
        begun = False
        while True:
            piece = await self._next(reader)
            if not begun:  # the head is certain once there is something behind it
                status, headers, events = self._head
                sink.plan(status, [*headers, *own], events=events)
                begun = True
            if piece is None:
                break
            await sink.write(piece)
        await sink.finish(self._last or b"")
        if self.fetched is None:
            raise RuntimeError("a flight that did not land was read to its end")
        return self.fetched

    async def leave(self, reader: Reader) -> None:
        """It reads no more. The last one ends the fetch, and returns when that is over."""
        if reader not in self._readers:
            return  # it was left behind
        self._readers.remove(reader)
        self._drop_what_all_have_read()
        self._may_write.set()
        if self._readers or self.task.done():
            return
        self._close()
        self.task.cancel()
        await asyncio.wait((self.task,), timeout=ENDS_S)

    async def end(self) -> None:
        """End the fetch; everybody is told that the studio stops."""
        self.task.cancel()
        await asyncio.wait((self.task,), timeout=ENDS_S)

    def content(self) -> bytes | None:
        """The whole body after a good end; None when parts of it are gone."""
        if self._dropped or self._last is None:
            return None
        return b"".join((*self._pieces, self._last))

    @property
    def head(self) -> tuple[int, list[Header], bool]:
        """Status, headers, and whether it is a stream of events."""
        return self._head

    # ---- the sink ------------------------------------------------------------------------------

    def plan(self, status: int, headers: list[Header], *, events: bool) -> None:
        """See `Sink.plan`."""
        self._head = (status, headers, events)

    async def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held > self._room:
            self._close()
            self._drop_what_all_have_read()
        self._tell()
        while self._held > self._room:
            await self._room_made()

    async def finish(self, data: bytes = b"") -> None:
        """See `Sink.finish`."""
        self._last = data

    # ---- within --------------------------------------------------------------------------------

    async def _run(self) -> Fetched:
        return await self._fetch(self)

    def _ended(self, task: asyncio.Task[Fetched]) -> None:
        if task.cancelled():
            self._error = Interrupted("stopping")  # by whoever stops the loop: readers are left
        elif (error := task.exception()) is not None:
            self._error = error if isinstance(error, Exception) else Interrupted("stopping")
        elif self._last is None:
            self._error = UpstreamLost("the answer broke off before its end")
        else:
            self.fetched = task.result()
        self._close()
        self._tell()

    def _close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._landed(self)

    async def _next(self, reader: Reader) -> bytes | None:
        """The next piece; None: there is only the last one left. Raises the flight's error."""
        while True:
            if self._error is not None:
                raise self._error.with_traceback(None)
            if reader.left_behind:
                raise UpstreamLost("the answer was read too slowly", code="too_slow")
            if reader.at < self._dropped + len(self._pieces):
                piece = self._pieces[reader.at - self._dropped]
                reader.at += 1
                self._drop_what_all_have_read()
                return piece
            if self.fetched is not None:
                return None
            reader.news.clear()
            await reader.news.wait()

    def _tell(self) -> None:
        for reader in self._readers:
            reader.news.set()

    def _drop_what_all_have_read(self) -> None:
        if self.is_open or self.fetched is not None or not self._readers:
            return
        slowest = min(reader.at for reader in self._readers)
        gone = self._pieces[: slowest - self._dropped]
        if gone:
            del self._pieces[: len(gone)]
            self._dropped += len(gone)
            self._held -= sum(map(len, gone))
            self._may_write.set()

    async def _room_made(self) -> None:
        """Wait until somebody read or left; after a while without the slowest."""
        self._may_write.clear()
        at = {reader.at for reader in self._readers}
        try:
            async with asyncio.timeout(PATIENCE_S if len(at) > 1 else None):
                await self._may_write.wait()
        except TimeoutError:
            self._leave_behind(min(at))

    def _leave_behind(self, at: int) -> None:
        """Those that stand at `at` count no more; each is told when it reads on."""
        for reader in [reader for reader in self._readers if reader.at == at]:
            self._readers.remove(reader)
            reader.left_behind = True
            reader.news.set()
        self._drop_what_all_have_read()
