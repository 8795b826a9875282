"""What goes by on the way back: passed on as it comes, looked at just enough.

A stream is passed on event by event: the beginning of an event is of no use to a client, and
holding it back means that a broken stream can always end with one clean error event instead of a
torn one. A JSON answer is held until it is whole (up to a mebibyte), so that one that breaks off
can still become an honest 502.

               gateway lane                             direct lane (`exact`)
    events     as they are, but for one: where LiteLLM  as they are, every one of them
               lost the engine or stumbled, its Python
               error gives way to a sentence of ours
    an error   ends the stream: LiteLLM says [DONE]     is passed on, and what follows it too
               after it, and it is not
    the end    is the dialect's last event              is where HTTP says that it is
    counts     those in the answer; others come from    those in the answer, asked for or not
               LiteLLM later (usage_ledger.py)          (asked_usage.py), or counted (pieces.py)
"""

import re
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from core.errors import StudioError
from core.gateway.asked_usage import AskedUsage
from core.gateway.litellm_errors import fault_told
from core.gateway.pieces import Pieces
from core.gateway.usage import Tokens, UsageFinder, tokens_in

HOLD_EVENT = 256 * 1024  # an event longer than this is passed on in pieces
HOLD_JSON = 1024 * 1024
_ERROR = re.compile(
    rb'(?:^|\n)(?:data: ?\{"error" ?:|data: ?\{"type": ?"(?:response\.failed|error)"'
    rb"|event: ?(?:response\.failed|error)\r?\n)"
)
_END = re.compile(rb"\n\r?\n")
_ENDS = (b"\n\n", b"\n\r\n", b"\r\r")  # of an event


class Answer(Protocol):
    """Watches one answer go by."""

    @property
    def tokens(self) -> Tokens:
        """Token counts as far as they are known."""
        ...

    @property
    def estimated(self) -> bool:
        """Whether `tokens` were counted by us, because the engine did not."""
        ...

    @property
    def pieces(self) -> int:
        """How many events with content came."""
        ...

    @property
    def itl_ms(self) -> float | None:
        """Mean time between two of them."""
        ...

    @property
    def failed(self) -> bool:
        """The answer itself says that it failed."""
        ...

    @property
    def fault(self) -> StudioError | None:
        """What to say instead of LiteLLM's own error, which was left out."""
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
    """Audio, what is compressed, and whatever else: bytes."""

    tokens = Tokens()
    estimated = False
    pieces = 0
    itl_ms: float | None = None
    failed = False
    fault: StudioError | None = None

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

    estimated = False
    pieces = 0
    itl_ms: float | None = None
    failed = False

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self._held: list[bytes] = []
        self._size = 0
        self._whole = b""  # once it has ended, where it was held until then
        self._passed: UsageFinder | None = None  # it is too long to be held: looks at what goes by

    @property
    def tokens(self) -> Tokens:
        """See `Answer.tokens`. What is held is looked at when somebody asks, in one go."""
        if self._passed is not None:
            return self._passed.tokens
        return tokens_in(self._whole or b"".join(self._held))

    @property
    def fault(self) -> StudioError | None:
        """Asked of errors alone: a good answer may well speak of lost connections."""
        return None if self._exact else fault_told(b"".join(self._held))

    def feed(self, data: bytes) -> bytes:
        """See `Answer.feed`."""
        if self._passed is not None:
            self._passed.feed(data)
            return data
        self._held.append(data)
        self._size += len(data)
        if self._size < HOLD_JSON:
            return b""
        held, self._held = b"".join(self._held), []
        self._passed = UsageFinder()
        self._passed.feed(held)
        return held

    def end(self) -> bytes:
        """See `Answer.end`."""
        held, self._held = self._held, []
        self._whole = whole = held[0] if len(held) == 1 else b"".join(held)
        return whole

    def is_whole(self) -> bool:
        """See `Answer.is_whole`."""
        return True


class EventStream:
    """Server-sent events. `last`: how a line of the final event begins; empty: nobody knows."""

    def __init__(
        self,
        last: tuple[bytes, ...] = (),
        *,
        exact: bool = False,
        asked_usage: bool = False,
        framed: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`framed`: HTTP says where it ends, so that no last event needs to."""
        self.failed = False
        self.fault: StudioError | None = None
        self._exact = exact
        self._marks = last
        self._line_marks = tuple(b"\n" + mark for mark in last)
        self._seen_last = not last
        self._ends_by_itself = exact and framed
        self._held = b""
        self._finder = UsageFinder()
        self._pieces = Pieces(now)
        self._asked = AskedUsage() if asked_usage else None

    @property
    def tokens(self) -> Tokens:
        """See `Answer.tokens`."""
        told = self._finder.tokens
        if self.estimated:
            return msgspec.structs.replace(told, completion=self._pieces.count)
        return told

    @property
    def estimated(self) -> bool:
        """The engine told nothing, or what it told was no more true when the stream ended."""
        if not self._exact or not self._pieces.count:
            return False
        told = self._finder.tokens.completion
        return told is None or (not self._seen_last and told < self._pieces.count)

    @property
    def pieces(self) -> int:
        """See `Answer.pieces`."""
        return self._pieces.count

    @property
    def itl_ms(self) -> float | None:
        """See `Answer.itl_ms`."""
        return self._pieces.itl_ms

    def feed(self, data: bytes) -> bytes:
        """See `Answer.feed`."""
        if self.failed and not self._exact:
            return b""  # whatever follows an error (LiteLLM says [DONE]) is not true any more
        if self._held:
            data = self._held + data
        elif data.endswith(b"\n\n"):
            return self._passed(data)
        cut = _end_of_events(data)
        if len(data) - cut > HOLD_EVENT:
            self._held = b""
            return self._passed(data, torn=True)
        self._held = data[cut:]
        return self._passed(data[:cut]) if cut else b""

    def end(self) -> bytes:
        """See `Answer.end`."""
        held, self._held = self._held, b""
        rest = self._passed(held, torn=True) if held and (self._exact or not self.failed) else b""
        return rest + self._asked.end() if self._asked is not None else rest

    def is_whole(self) -> bool:
        """See `Answer.is_whole`."""
        return self._seen_last or self.failed or self._ends_by_itself

    def _passed(self, events: bytes, *, torn: bool = False) -> bytes:
        if b"error" in events and not self.failed:
            events = self._error_seen(events)
        if torn:
            self._finder.feed(events)
        else:
            self._finder.feed_whole(events)
        self._pieces.feed(events)
        if not self._seen_last:
            self._seen_last = events.startswith(self._marks)
            for mark in self._line_marks:  # for each token: `any` would cost three times as much
                if mark in events:
                    self._seen_last = True
        return events if self._asked is None else self._asked.feed(events)

    def _error_seen(self, events: bytes) -> bytes:
        error = _ERROR.search(events)
        if error is None:
            return events
        self.failed = True
        if self._exact:
            return events
        end = _END.search(events, error.end() - 1)
        events = events[: end.end()] if end else events
        self.fault = fault_told(events[error.start() :])
        if self.fault is not None:
            events = events[: error.start()].rstrip(b"\r\n") + b"\n\n" * bool(error.start())
        return events


def _end_of_events(data: bytes) -> int:
    """Where the last whole event ends; 0: there is none."""
    cut = 0
    for mark in _ENDS:
        at = data.rfind(mark)
        if at >= 0:
            cut = max(cut, at + len(mark))
    return cut


def answer_of(
    content_type: bytes,
    last: tuple[bytes, ...],
    *,
    exact: bool = False,
    asked_usage: bool = False,
    encoding: bytes = b"",
    framed: bool = True,
    now: Callable[[], float] = time.monotonic,
) -> Answer:
    """How to watch an answer of this content type.

    `exact`: nothing is changed, the direct lane's promise. `asked_usage`: the token counts in it
    were asked for by us, and are taken out. `encoding`: its content-encoding; what is compressed
    goes by unread. `framed`: HTTP tells where it ends, not merely the connection.
    """
    if encoding and encoding.strip().lower() != b"identity":
        return OpaqueAnswer()
    kind = content_type
    if kind != b"application/json":  # as it is mostly written
        kind = kind.partition(b";")[0].strip().lower()
    if kind == b"application/json":
        return JsonAnswer(exact=exact)
    if kind != b"text/event-stream":
        return OpaqueAnswer()
    return EventStream(last, exact=exact, asked_usage=asked_usage, framed=framed, now=now)
