"""Tells thoughts from the answer where a model writes both into its text.

Most engines give reasoning a field of its own. Where none is set up for that, models that reason
begin with `<think>` … `</think>`, which may come in any pieces.
"""

from typing import Literal, NamedTuple

OPEN = "<think>"
CLOSE = "</think>"

Where = Literal["start", "inside", "gap", "after"]


class Parts(NamedTuple):
    """What a piece adds to each."""

    reasoning: str = ""
    text: str = ""


class ThinkSplitter:
    """Feed it the text, piece by piece. Blank lines between thought and answer are neither's."""

    def __init__(self) -> None:
        self._where: Where = "start"
        self._held = ""
        self._begun = False  # the thought, after the line break that most begin with

    def push(self, piece: str) -> Parts:
        """What is certain by now."""
        self._held += piece
        if self._where == "start":
            self._begin()
        thought = self._thought() if self._where == "inside" else ""
        if self._where == "gap":
            self._held = self._held.lstrip()
            self._where = "after" if self._held else "gap"
        text = self._take() if self._where == "after" else ""
        return Parts(thought, text)

    def finish(self) -> Parts:
        """Nothing more comes: what was held back is what it seemed not to be."""
        rest = self._take()
        return Parts(reasoning=rest) if self._where == "inside" else Parts(text=rest)

    def _begin(self) -> None:
        seen = self._held.lstrip()
        if seen.startswith(OPEN):
            self._where, self._held = "inside", seen[len(OPEN) :]
        elif not OPEN.startswith(seen):
            self._where = "after"

    def _thought(self) -> str:
        if not self._begun:
            self._held = self._held.lstrip()
            self._begun = bool(self._held)
        end = self._held.find(CLOSE)
        if end < 0:
            certain = len(self._held) - _overlap(self._held)
            thought, self._held = self._held[:certain], self._held[certain:]
            return thought
        thought, self._held = self._held[:end], self._held[end + len(CLOSE) :]
        self._where = "gap"
        return thought

    def _take(self) -> str:
        taken, self._held = self._held, ""
        return taken


def _overlap(text: str) -> int:
    """How many characters at the end of `text` may begin a `</think>`."""
    longest = min(len(text), len(CLOSE) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(CLOSE[:n])), 0)
