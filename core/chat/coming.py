"""One answer out of its stream: words, thoughts and calls, told from each other."""

from collections.abc import Sequence
from typing import NamedTuple

from core.chat.calls import CallsComing, Wanted
from core.chat.chunks import Chunks, Piece
from core.chat.thinking import ThinkSplitter
from core.chat.tool_text import CallsInText
from core.mcp.views import Offered


class Seen(NamedTuple):
    """What there is more to be seen."""

    text: str = ""
    reasoning: str = ""


class Coming:
    """Feed it the pieces of `chunks`. Whoever was offered no tool calls none."""

    def __init__(self, offered: Sequence[Offered]) -> None:
        self.chunks = Chunks()
        self._thinking = ThinkSplitter()
        self._written = CallsInText() if offered else None
        self._native = CallsComing()
        self._thought = False
        self._spoke = False

    def push(self, piece: Piece) -> Seen:
        """What is certain by now."""
        self._native.feed(piece.calls)
        self._thought = self._thought or bool(piece.reasoning)
        split = self._thinking.push(piece.text)
        return Seen(self._shown(split.text), piece.reasoning + split.reasoning)

    def finish(self) -> Seen:
        """It is complete."""
        split = self._thinking.finish()
        held = self._shown(split.text) + (self._written.finish() if self._written else "")
        return Seen(held, split.reasoning)

    def cut(self) -> Seen:
        """It is not: what was held back was said all the same."""
        split = self._thinking.finish()
        held = self._shown(split.text) + (self._written.rest() if self._written else "")
        return Seen(held, split.reasoning)

    @property
    def calls(self) -> list[Wanted]:
        """Those that it wants."""
        return [*self._native.all(), *self._written.calls] if self._written else []

    def _shown(self, text: str) -> str:
        """Blank lines between thought and answer are neither's."""
        if self._thought and not self._spoke:
            text = text.lstrip()
        self._spoke = self._spoke or bool(text)
        return self._written.push(text) if self._written else text
