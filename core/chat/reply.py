"""One reply while it comes: what has come so far, for whoever looks, from wherever they left.

A reply belongs to no connection. Windows come and go; each says how many events it has seen and
gets the rest, in order, each once.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Literal

import msgspec

from core.chat.chunks import Piece
from core.clock import Clock
from core.conversations import MessageView, Said

Outcome = Literal["whole", "stopped", "cut"]
PACE_S = 1 / 30  # nobody reads faster than this, and each event costs a window something


class Grew(msgspec.Struct, frozen=True, kw_only=True, tag="grew", tag_field="kind"):
    """The answer has grown."""

    text: str = ""
    reasoning: str = ""
    tokens: int = 0  # pieces so far; the engine's own count comes with the end


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended", tag_field="kind"):
    """It is over; `message` is what was recorded, None when that could not be done."""

    outcome: Outcome
    message: MessageView | None = None
    problem: str = ""  # why it could not be recorded


Event = Grew | Ended


class ReplyView(msgspec.Struct, frozen=True, kw_only=True):
    """A reply under way, for those who come to it. Times are µs since the epoch."""

    reply_id: str  # the id its message has, or will have
    conversation_id: str
    parent_id: str
    model: str
    since: int
    events: int
    text: str
    reasoning: str
    request_id: str


class Reply:
    """What is known of it. Loop-bound."""

    def __init__(
        self, *, reply_id: str, conversation_id: str, parent_id: str, model: str, clock: Clock
    ) -> None:
        self.reply_id = reply_id
        self.conversation_id = conversation_id
        self.parent_id = parent_id
        self.model = model
        self.since = clock.now()
        self.request_id = ""
        self.lane = ""
        self.stopped = False
        self.ending = False  # it is being ended, or recorded: too late to end it
        self.size = 0  # characters
        self.ended: Ended | None = None
        self.finish = ""
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self._clock = clock
        self._began = clock.monotonic()
        self._first: float | None = None
        self._spoke: float | None = None  # when the answer itself began, after any reasoning
        self._grown: list[Grew] = []
        self._more = asyncio.Event()

    # ---- what comes ----------------------------------------------------------------------------

    def grow(self, text: str, reasoning: str) -> None:
        """A piece of it."""
        if not text and not reasoning:
            return
        now = self._clock.monotonic()
        if self._first is None:
            self._first = now
        if text and self._spoke is None:
            self._spoke = now
        self.size += len(text) + len(reasoning)
        self._grown.append(Grew(text=text, reasoning=reasoning, tokens=len(self._grown) + 1))
        self._wake()

    def note(self, piece: Piece) -> None:
        """What the engine says about it."""
        self.finish = piece.finish or self.finish
        if piece.prompt_tokens is not None:
            self.prompt_tokens = piece.prompt_tokens
        if piece.completion_tokens is not None:
            self.completion_tokens = piece.completion_tokens

    def end(self, ended: Ended) -> None:
        """Nothing more comes."""
        self.ended = ended
        self._wake()

    def said(self, *, before: str = "", failure: str = "", next_action: str = "") -> Said:
        """All of it, to be kept; `before` is what it goes on from."""
        now = self._clock.monotonic()
        first = self._first
        thought = None if first is None else ((self._spoke or now) - first) * 1000
        reasoning = "".join(one.reasoning for one in self._grown)
        return Said(
            text=before + "".join(one.text for one in self._grown),
            reasoning=reasoning,
            finish=self.finish,
            failure=failure,
            next_action=next_action,
            lane=self.lane,
            first_token_ms=None if first is None else _rounded((first - self._began) * 1000),
            thought_ms=_rounded(thought) if thought is not None and reasoning else None,
            duration_ms=_rounded((now - self._began) * 1000),
        )

    # ---- who looks -----------------------------------------------------------------------------

    def view(self) -> ReplyView:
        """As it is now."""
        return ReplyView(
            reply_id=self.reply_id,
            conversation_id=self.conversation_id,
            parent_id=self.parent_id,
            model=self.model,
            since=self.since,
            events=len(self._grown),
            text="".join(one.text for one in self._grown),
            reasoning="".join(one.reasoning for one in self._grown),
            request_id=self.request_id,
        )

    async def follow(
        self, after: int, *, pace: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[tuple[int, Event], None]:
        """Numbered events after the first `after`; what came together is told together."""
        seen = max(0, min(after, len(self._grown)))
        while True:
            more = self._more
            if seen < len(self._grown):
                fresh, seen = self._grown[seen:], len(self._grown)
                yield seen, _together(fresh)
                await (pace or _pause)()
            elif self.ended is not None:
                yield seen + 1, self.ended
                return
            else:
                await more.wait()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


def _together(fresh: list[Grew]) -> Grew:
    return Grew(
        text="".join(one.text for one in fresh),
        reasoning="".join(one.reasoning for one in fresh),
        tokens=fresh[-1].tokens,
    )


def _rounded(milliseconds: float) -> float:
    return round(milliseconds, 1)


async def _pause() -> None:
    await asyncio.sleep(PACE_S)
