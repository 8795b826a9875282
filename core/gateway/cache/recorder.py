"""Writes down an answer that goes by on its way to one reader."""

from collections.abc import Sequence

from core.gateway.hooks import Sink
from core.gateway.routes import Header


class Recorder:
    """A sink before another; forgets what it has when the answer grows too long."""

    def __init__(self, sink: Sink, own: Sequence[Header], limit: int) -> None:
        """`own`: headers for this reader alone; `limit`: bytes, 0: nothing is written down."""
        self._sink = sink
        self._own = own
        self._limit = limit
        self._pieces: list[bytes] | None = [] if limit else None
        self._size = 0
        self._whole = False
        self.head: tuple[int, list[Header], bool] = (200, [], False)

    def plan(self, status: int, headers: list[Header], *, events: bool) -> None:
        """See `Sink.plan`."""
        self.head = (status, headers, events)
        self._sink.plan(status, [*headers, *self._own], events=events)

    async def write(self, data: bytes) -> None:
        """See `Sink.write`."""
        self._note(data)
        await self._sink.write(data)

    async def finish(self, data: bytes = b"") -> None:
        """See `Sink.finish`."""
        self._note(data)
        self._whole = True
        await self._sink.finish(data)

    def content(self) -> bytes | None:
        """The whole body; None when it did not end, or was too long."""
        if not self._whole or self._pieces is None:
            return None
        return b"".join(self._pieces)

    def _note(self, data: bytes) -> None:
        if self._pieces is None:
            return
        self._size += len(data)
        if self._size > self._limit:
            self._pieces = None
        else:
            self._pieces.append(data)
