"""Who is asking, as the guard found out, and how handlers get at it."""

from typing import Any

import msgspec
from litestar import Request

ACTORS = ("cli", "window", "tray")


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """The asker of a request: `actor` goes into the log, `owner` opens what only they may do."""

    actor: str
    owner: bool
    key_id: str | None = None  # the named key that was presented


def provide_asking(request: Request[Any, Any, Any]) -> Asking:
    """The dependency `asking` of the handlers."""
    asking: Asking = request.scope["state"]["asking"]
    return asking
