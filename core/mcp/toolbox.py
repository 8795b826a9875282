"""What chat and research may count on: tools that can be offered to a model, and called."""

from collections.abc import Callable, Sequence
from typing import Protocol

from core.mcp.views import CallResult, CallState, CallWish, Offered

Told = Callable[[CallState], None]  # called on the studio's loop, at each change of a call


class Toolbox(Protocol):
    """The door to every server's tools. Loop-bound."""

    def offered(self, chosen: Sequence[str]) -> tuple[Offered, ...]:
        """Tools of servers that are ready, by "server" or "server/tool".

        Unknown ones are passed over; those with the policy "never" are left out.
        """
        ...

    async def call(self, wish: CallWish, *, actor: str, told: Told) -> CallResult:
        """Carry out one call. Never raises for a bad server; cancelling the task cancels the call.

        Waits for an approval without end where one is needed, and checks the arguments first.
        """
        ...
