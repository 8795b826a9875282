"""One message of a reply while it comes: its words, its times, and what its engine counts."""

from core.chat.chunks import Piece
from core.clock import Clock
from core.conversations import Said, ToolCall


class Growing:
    """What is known of it. It begins when its question is asked."""

    def __init__(self, *, message_id: str, parent_id: str, clock: Clock) -> None:
        self.message_id = message_id
        self.parent_id = parent_id
        self.before = ""  # the text that it goes on from
        self.request_id = ""
        self.lane = ""
        self.finish = ""
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cost: float | None = None
        self.missing: tuple[str, ...] = ()  # tools that could not be offered for it
        self.pieces = 0
        self.taken = 0  # characters that came for it, calls included
        self._texts: list[str] = []
        self._reasoning: list[str] = []
        self._clock = clock
        self._began = clock.monotonic()
        self._first: float | None = None
        self._spoke: float | None = None  # when the answer itself began, after any reasoning

    @property
    def text(self) -> str:
        """As far as it has come."""
        return "".join(self._texts)

    @property
    def reasoning(self) -> str:
        """As far as it has come."""
        return "".join(self._reasoning)

    @property
    def tokens(self) -> int:
        """What it took: as its engine counts, else the pieces that came."""
        if self.completion_tokens is None:
            return self.pieces
        return (self.prompt_tokens or 0) + self.completion_tokens

    def asked_now(self) -> None:
        """Its question goes out only now."""
        self._began = self._clock.monotonic()

    def grow(self, text: str, reasoning: str) -> None:
        """A piece of it."""
        now = self._clock.monotonic()
        if self._first is None:
            self._first = now
        if text and self._spoke is None:
            self._spoke = now
        self.pieces += 1
        self._texts.append(text)
        self._reasoning.append(reasoning)

    def note(self, piece: Piece) -> None:
        """What the engine says about it."""
        self.taken += len(piece.text) + len(piece.reasoning)
        self.taken += sum(len(call.arguments) for call in piece.calls)
        self.finish = piece.finish or self.finish
        if piece.prompt_tokens is not None:
            self.prompt_tokens = piece.prompt_tokens
        if piece.completion_tokens is not None:
            self.completion_tokens = piece.completion_tokens

    def said(
        self, *, failure: str = "", next_action: str = "", calls: tuple[ToolCall, ...] = ()
    ) -> Said:
        """All of it, to be kept."""
        now, first = self._clock.monotonic(), self._first
        thought = None if first is None else ((self._spoke or now) - first) * 1000
        reasoning, text = self.reasoning, self.before + self.text
        return Said(
            text=text.rstrip() if calls else text,
            reasoning=reasoning,
            finish=self.finish,
            failure=failure,
            next_action=next_action,
            lane=self.lane,
            tool_calls=calls,
            cost=self.cost,
            missing=self.missing,
            first_token_ms=None if first is None else _rounded((first - self._began) * 1000),
            thought_ms=_rounded(thought) if thought is not None and reasoning else None,
            duration_ms=_rounded((now - self._began) * 1000),
        )


def _rounded(milliseconds: float) -> float:
    return round(milliseconds, 1)
