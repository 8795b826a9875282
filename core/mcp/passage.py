"""Whether what was asked of a server at an address got through the door at all.

A server that refuses who asks has done nothing, and one that was not asked neither: then a call
certainly did not happen. The SDK sends in tasks of its own and hands on the context of who asked,
so what the sign-in sees of a request finds its call again.
"""

from contextvars import ContextVar

from core.mcp.failing import McpFailure


class Passage:
    """Of one call; it may go out in several requests."""

    def __init__(self) -> None:
        self._refusal: McpFailure | None = None
        self._through = 0  # requests that went out and were not refused

    def goes_out(self) -> None:
        """A request leaves; nobody knows how far it comes."""
        self._through += 1

    def came_back(self) -> None:
        """It was refused for who asks: nothing was done."""
        self._through -= 1

    def ends(self, refusal: McpFailure) -> None:
        """It is not asked again with what is kept."""
        self._refusal = refusal

    @property
    def barred(self) -> McpFailure | None:
        """Why nothing of it happened; None: something may have."""
        return None if self._through else self._refusal


passage: ContextVar[Passage | None] = ContextVar("passage", default=None)
