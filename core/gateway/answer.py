"""What goes by on the way back: passed on as it comes, looked at just enough.

A stream is passed on event by event: the beginning of an event is of no use to a client, and
holding it back means that a broken stream can always end with one clean error event instead of a
torn one. Events themselves are never changed, but for one: where LiteLLM lost the engine, its
Python error in one line gives way to a sentence of ours. A JSON answer is held until it is whole
(up to a mebibyte), so that one that breaks off can still become an honest 502.
"""

import re
from typing import Protocol

from core.gateway.usage import Tokens, UsageFinder

HOLD_EVENT = 256 * 1024  # an event longer than this is passed on in pieces
HOLD_JSON = 1024 * 1024
_ERROR = re.compile(rb'(?:^|\n)(?:data: ?\{"error" ?:|event: ?error\r?\n)')
_ENGINE_LOST = re.compile(
    rb"APIConnectionError|TransferEncodingError|ServerDisconnected|EngineCore encountered an issue"
    rb"|Server disconnected|Connection error\.|Cannot connect to host"
)
_END = re.compile(rb"\n\r?\n")


class Answer(Protocol):
    """Watches one answer go by."""

    @property
    def tokens(self) -> Tokens:
        """Token counts seen so far."""
        ...

    @property
    def failed(self) -> bool:
        """The answer itself says that it failed."""
        ...

    @property
    def engine_lost(self) -> bool:
        """It failed because the engine ended; the event that said so was left out."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take the next piece from upstream; returns what goes to the client now."""
        ...

    def end(self) -> bytes:
        """Upstream is done; returns what was still held."""
        ...

    def is_whole(self) -> bool:
        """Whether the answer ended as answers of its kind end. Asked after `end`."""
        ...


class OpaqueAnswer:
    """Audio and whatever else: bytes."""

    tokens = Tokens()
    failed = False
    engine_lost = False

    def feed(self, data: bytes) -> bytes:
        """See `Answer.feed`."""
        return data

    def end(self) -> bytes:
        """See `Answer.end`."""
        return b""

    def is_whole(self) -> bool:
        """See `Answer.is_whole`."""
        return True


class JsonAnswer:
    """One JSON document."""

    failed = False

    @property
    def engine_lost(self) -> bool:
        """Asked of errors alone: a good answer may well speak of lost connections."""
        return _ENGINE_LOST.search(b"".join(self._held or ())) is not None

    def __init__(self) -> None:
        self._finder = UsageFinder()
        self._held: list[bytes] | None = []
        self._size = 0

    @property
    def tokens(self) -> Tokens:
        """See `Answer.tokens`."""
        return self._finder.tokens

    def feed(self, data: bytes) -> bytes:
        """See `Answer.feed`."""
        self._finder.feed(data)
        if self._held is None:
            return data
        self._held.append(data)
        self._size += len(data)
        if self._size < HOLD_JSON:
            return b""
        held, self._held = b"".join(self._held), None
        return held

    def end(self) -> bytes:
        """See `Answer.end`."""
        held, self._held = self._held or [], []
        return b"".join(held)

    def is_whole(self) -> bool:
        """See `Answer.is_whole`."""
        return True


class EventStream:
    """Server-sent events. `last`: how a line of the final event begins; empty: nobody knows."""

    def __init__(self, last: tuple[bytes, ...] = ()) -> None:
        self.failed = False
        self.engine_lost = False
        self._last = last
        self._seen_last = not last
        self._held = b""
        self._finder = UsageFinder()

    @property
    def tokens(self) -> Tokens:
        """See `Answer.tokens`."""
        return self._finder.tokens

    def feed(self, data: bytes) -> bytes:
        """See `Answer.feed`."""
        if self.failed:
            return b""  # whatever follows an error (LiteLLM says [DONE]) is not true any more
        data = self._held + data
        cut = max(data.rfind(b"\n\n") + 2, data.rfind(b"\n\r\n") + 3)
        if cut < 3:
            cut = 0
        if len(data) - cut > HOLD_EVENT:
            cut = len(data)
        self._held = data[cut:]
        return self._passed(data[:cut]) if cut else b""

    def end(self) -> bytes:
        """See `Answer.end`."""
        held, self._held = self._held, b""
        return self._passed(held) if held and not self.failed else b""

    def is_whole(self) -> bool:
        """See `Answer.is_whole`."""
        return self._seen_last or self.failed

    def _passed(self, events: bytes) -> bytes:
        error = _ERROR.search(events) if b"error" in events else None
        if error is not None:
            self.failed = True
            end = _END.search(events, error.end() - 1)
            events = events[: end.end()] if end else events
            if _ENGINE_LOST.search(events, error.start()):
                self.engine_lost = True
                events = events[: error.start()].rstrip(b"\r\n") + b"\n\n" * bool(error.start())
        self._finder.feed(events)
        if not self._seen_last:
            self._seen_last = any(_starts_a_line(mark, events) for mark in self._last)
        return events


def _starts_a_line(mark: bytes, events: bytes) -> bool:
    return events.startswith(mark) or b"\n" + mark in events


def answer_of(content_type: bytes, last: tuple[bytes, ...]) -> Answer:
    """How to watch an answer of this content type."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"text/event-stream":
        return EventStream(last)
    return JsonAnswer() if kind == b"application/json" else OpaqueAnswer()
