"""One reply while it comes: what has come so far, for whoever looks, from wherever they left.

A reply belongs to no connection. Windows come and go; each says how many events it has seen and
gets the rest, in order, each once. It may be several messages: answers that call tools, what the
tools say, and the answer that comes of it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import takewhile
from typing import Literal

import msgspec

from core.chat.growing import Growing
from core.clock import Clock
from core.conversations import MessageView
from core.ids import uuid7
from core.mcp.views import Approved, Standing

Outcome = Literal["whole", "stopped", "cut"]
PACE_S = 1 / 30  # nobody reads faster than this, and each event costs a window something


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call and where it stands. What it brought is a message of its own."""

    call_id: str
    name: str  # as the model calls the tool
    arguments: str  # as the model wrote them
    state: Standing
    since: int  # µs since the epoch
    server: str = ""
    tool: str = ""
    reason: str = ""
    duration_ms: float | None = None
    truncated: int = 0
    approved: Approved = ""
    shown: str = ""  # while it asks: sent back with an approval, which is of this and nothing else
    description: str = ""  # while it asks: what the tool says of itself


class Grew(msgspec.Struct, frozen=True, kw_only=True, tag="grew", tag_field="kind"):
    """The answer has grown."""

    text: str = ""
    reasoning: str = ""
    tokens: int = 0  # pieces of this message so far; the engine's own count comes with the end


class Called(msgspec.Struct, frozen=True, kw_only=True, tag="called", tag_field="kind"):
    """A tool call is somewhere else than before."""

    call: CallRow


class Added(msgspec.Struct, frozen=True, kw_only=True, tag="added", tag_field="kind"):
    """A message of the reply is whole and recorded; what grows next is a further one."""

    message: MessageView
    message_id: str  # of what grows next


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended", tag_field="kind"):
    """It is over; `message` is the last that was recorded, None when that could not be done."""

    outcome: Outcome
    message: MessageView | None = None
    problem: str = ""  # why it could not be recorded


Happened = Grew | Called | Added
Event = Happened | Ended


class ReplyView(msgspec.Struct, frozen=True, kw_only=True):
    """A reply under way, for those who come to it. Times are µs since the epoch."""

    reply_id: str  # the id its first message has, or will have
    conversation_id: str
    message_id: str  # of what grows now
    parent_id: str  # what that follows
    model: str
    since: int
    events: int
    text: str  # of what grows now
    reasoning: str
    request_id: str
    calls: tuple[CallRow, ...] = ()  # all of them, in order


class Reply:
    """What is known of it. Loop-bound."""

    def __init__(
        self, *, reply_id: str, conversation_id: str, parent_id: str, model: str, clock: Clock
    ) -> None:
        self.reply_id = reply_id
        self.conversation_id = conversation_id
        self.model = model
        self.since = clock.now()
        self.stopped = False
        self.ending = False  # it is being ended, or recorded: too late to end it
        self.ended: Ended | None = None
        self.now = Growing(message_id=reply_id, parent_id=parent_id, clock=clock)
        self._calls: dict[str, CallRow] = {}
        self._clock = clock
        self._happened: list[Happened] = []
        self._more = asyncio.Event()

    # ---- what comes ----------------------------------------------------------------------------

    def grow(self, text: str, reasoning: str) -> None:
        """A piece of it."""
        if text or reasoning:
            self.now.grow(text, reasoning)
            self._happens(Grew(text=text, reasoning=reasoning, tokens=self.now.pieces))

    def call(self, row: CallRow) -> None:
        """A tool call is wanted, or is somewhere else than before."""
        self._calls[row.call_id] = row
        self._happens(Called(call=row))

    def added(self, message_id: str, message: MessageView | None) -> None:
        """One of its messages is recorded, and another follows; None: it can not be shown."""
        if message_id == self.now.message_id:
            self.now = Growing(message_id=uuid7(), parent_id=message_id, clock=self._clock)
        self.now.parent_id = message_id
        if message is not None:
            self._happens(Added(message=message, message_id=self.now.message_id))

    def end(self, ended: Ended) -> None:
        """Nothing more comes."""
        self.ended = ended
        self._wake()

    # ---- who looks -----------------------------------------------------------------------------

    def view(self) -> ReplyView:
        """As it is now."""
        return ReplyView(
            reply_id=self.reply_id,
            conversation_id=self.conversation_id,
            message_id=self.now.message_id,
            parent_id=self.now.parent_id,
            model=self.model,
            since=self.since,
            events=len(self._happened),
            text=self.now.text,
            reasoning=self.now.reasoning,
            request_id=self.now.request_id,
            calls=tuple(self._calls.values()),
        )

    async def follow(
        self, after: int, *, pace: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[tuple[int, Event], None]:
        """Numbered events after the first `after`; what grew together is told together."""
        seen = max(0, min(after, len(self._happened)))
        while True:
            more = self._more
            if seen < len(self._happened):
                size, event = _next(self._happened[seen:])
                seen += size
                yield seen, event
                if isinstance(event, Grew):
                    await (pace or _pause)()
            elif self.ended is not None:
                yield seen + 1, self.ended
                return
            else:
                await more.wait()

    def _happens(self, event: Happened) -> None:
        self._happened.append(event)
        self._wake()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


def _next(fresh: list[Happened]) -> tuple[int, Happened]:
    """The next to be told, and how many events it is: what grew in one go is one."""
    if not isinstance(fresh[0], Grew):
        return 1, fresh[0]
    grown = [
        one for one in takewhile(lambda e: isinstance(e, Grew), fresh) if isinstance(one, Grew)
    ]
    together = Grew(
        text="".join(one.text for one in grown),
        reasoning="".join(one.reasoning for one in grown),
        tokens=grown[-1].tokens,
    )
    return len(grown), together


async def _pause() -> None:
    await asyncio.sleep(PACE_S)
