"""`/api/audit/export`: the log with all that proves it, as a .zip that is made while it is sent.

Nothing of it is kept in memory or on our disk, and the loop only passes on what a thread made.
A client that leaves ends it. One that ends too early is no whole .zip, so nobody takes it for one.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator
from typing import IO, Annotated, cast

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from core.api.asking import Asking
from core.api.control import demand_trusted
from core.application import Application
from core.errors import Unavailable
from core.exports.taking import Taken, target_of
from core.exports.wish import Wish, wish_of
from events.audit.bundles import ZipWriter
from events.errors import EventError
from events.facts import AuditCheckpointed

log = logging.getLogger(__name__)

STREAM = "audit"


@get("/audit/export")
async def export_log(
    application: Application,
    asking: Asking,
    format: str = "jsonl",
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: str | None = None,
    usage: bool = True,
) -> Stream:
    """The logs' lines, `format` jsonl or cloudevents, with checkpoint, keys and how to check them.

    `from` and `until` are positions of the main log, both included, or times (RFC 3339, or µs
    since the epoch), `until` excluded. That it was taken is recorded.
    """
    # Everything at once is more than the timeline shows to any program of this machine.
    demand_trusted(
        asking,
        "export the log",
        "use `vllm-studio audit export`, or issue a key with the scope `audit`",
    )
    wish = wish_of(format, since, until, usage)
    taken = await take(application, wish, asking)
    name = target_of(None, application.clock.now()).name
    return Stream(
        sent(taken, application.stopping),
        media_type="application/zip",
        headers={
            "content-disposition": f'attachment; filename="{name}.zip"',
            "cache-control": "no-store",
            "x-studio-events": str(taken.export.events),
        },
    )


async def take(application: Application, wish: Wish, asking: Asking) -> Taken:
    """A signed picture of the logs, and after it the fact that it was taken."""
    warnings: list[str] = []
    fresh: AuditCheckpointed | None = None
    try:
        fresh = await application.checkpointer.checkpoint("export", actor=asking.actor)
    except (EventError, Unavailable) as problem:
        warnings.append(f"the log could not be signed for now: {problem}")
    try:
        taken = await asyncio.to_thread(
            Taken,
            application.settings.current,
            wish,
            now=application.clock.now(),
            fresh=fresh,
            sign=application.checkpointer.sign if fresh is not None else None,
            warnings=warnings,
        )
    except EventError as problem:
        raise Unavailable(
            f"the log can not be exported: {problem}",
            code="log-unavailable",
            next_action="see what is wrong with `vllm-studio audit verify`",
        ) from problem
    try:
        await _record(application, taken, asking)
    except BaseException:
        taken.close()
        raise
    return taken


async def _record(application: Application, taken: Taken, asking: Asking) -> None:
    """While nothing can be recorded, only the owner gets the log: they could copy its file."""
    try:
        await application.store.append(STREAM, [taken.fact], actor=asking.actor)
    except EventError:
        if not asking.owner:
            raise
        application.store.append_later(STREAM, taken.fact, actor=asking.actor)


async def sent(taken: Taken, stopping: asyncio.Event) -> AsyncGenerator[bytes, None]:
    """The .zip, piece by piece, until it is whole, the client leaves or the app stops."""
    zipped = Zipped(taken)
    try:
        while not stopping.is_set():
            piece = await asyncio.to_thread(zipped.piece)
            if piece is None:
                return
            if piece:
                yield piece
    except EventError as problem:
        log.error("an export ended before it was whole: %s", problem)
    finally:  # not awaited: whoever is cancelled is cancelled again
        asyncio.get_running_loop().run_in_executor(None, zipped.close)


class Zipped:
    """An export that is carried out a page at a time, in whatever thread asks for more."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._pieces = self._made()
        self._one_at_a_time = threading.Lock()

    def piece(self) -> bytes | None:
        """What came next, which may be nothing yet; None at the end. Raises EventError."""
        with self._one_at_a_time:
            return next(self._pieces, None)

    def close(self) -> None:
        """Let go of the logs."""
        with self._one_at_a_time:
            self._pieces.close()
            self._taken.close()

    def _made(self) -> Generator[bytes, None, None]:
        outlet = Outlet()
        with ZipWriter(cast(IO[bytes], outlet)) as bundle:
            for _ in self._taken.export.steps(bundle):
                yield outlet.taken()
        yield outlet.taken()


class Outlet:
    """Takes what is written and gives it away; it can not be sought in."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it until it is taken."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """All that was written since the last time."""
        written, self._written = b"".join(self._written), []
        return written


HANDLERS = (export_log,)
