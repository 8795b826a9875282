"""While the log is only read: everything that would change something is refused, and told why.

Reading goes on, and so do the few requests that change nothing that is recorded.
"""

from typing import Any

from litestar.utils.path import normalize_path

from core.api.guard import ASGIApp
from core.api.refusals import refuse
from core.auditing.trouble import Trouble

READS = ("GET", "HEAD", "OPTIONS")
CHANGES_NOTHING = (
    "/api/quit",
    "/api/focus",
    "/api/recipes/check",
    "/api/recipes/fit",
    "/api/recipes/import/preview",
    "/api/recipes/preview",
    "/api/audit/verify",
)


class ReadOnly:
    """Wraps the application; inside the guard, so that it tells nothing to strangers."""

    def __init__(self, app: ASGIApp, trouble: Trouble) -> None:
        self._app = app
        self._trouble = trouble

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Refuse what changes something, pass on the rest."""
        if _only_reads(scope):
            await self._app(scope, receive, send)
            return
        trouble = self._trouble
        await refuse(
            scope, send, 503, trouble.code, trouble.sentence, next_action=trouble.next_action
        )


def _only_reads(scope: Any) -> bool:
    kind: str = scope["type"]
    if kind != "http":
        return kind != "websocket"
    method: str = scope["method"]
    return method in READS or normalize_path(scope["path"]) in CHANGES_NOTHING
