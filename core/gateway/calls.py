"""Every request from its first byte to its last, so that any of them can be looked at and ended.

`inflight.py` counts what an engine serves; here is also what is still being read or waits for its
model. Loop-bound, like everything on the hot path.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from core.gateway.cancelling import Reason

State = Literal["reading", "waiting", "running", "idle"]  # idle: a websocket in silence
KEY = "key:"
WEBSOCKET = "/v1/realtime"  # has no end of its own


class RunningRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that has not ended, as people see it."""

    request_id: str
    path: str
    model: str  # as the caller named it; empty while the body is still being read
    recipe_id: str | None
    actor: str
    key_id: str | None
    lane: str
    state: State
    since: int  # µs since the epoch
    stream: bool


class Calls:
    """The requests that have not ended, by id, oldest first."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[Callable[[], RunningRequest], Callable[[Reason], None]]] = {}

    def enter(
        self,
        request_id: str,
        view: Callable[[], RunningRequest],
        cancel: Callable[[Reason], None],
    ) -> None:
        """It has come. `view` is asked when somebody looks, `cancel` ends it."""
        self._calls[request_id] = (view, cancel)

    def leave(self, request_id: str) -> None:
        """It has ended."""
        self._calls.pop(request_id, None)

    def all(self) -> tuple[RunningRequest, ...]:
        """Each as it is now."""
        return tuple(view() for view, _ in self._calls.values())

    def cancel(self, request_id: str) -> bool:
        """End one, waiting or running, whose client is told so; False: there is none of that id."""
        found = self._calls.get(request_id)
        if found is not None:
            found[1]("cancelled")
        return found is not None

    def end_of_key(self, key_id: str) -> int:
        """A key was revoked: end what it has not begun; answers under way run to their end."""
        mine = [
            cancel
            for view, cancel in self._calls.values()
            if (seen := view()).key_id == key_id
            and (seen.state != "running" or seen.path == WEBSOCKET)
        ]
        for cancel in mine:
            cancel("revoked")
        return len(mine)


def key_of(actor: str) -> str | None:
    """The key behind an actor, when it is one."""
    return actor.removeprefix(KEY) if actor.startswith(KEY) else None
