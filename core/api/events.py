"""`/api/events`: the log as server-sent events, with the machine's picture and its metrics.

A stream begins with the picture and with what was `measured` lately, for the charts. `id:` is the
position in the log, so a browser that comes back asks for what it missed and gets exactly that.
Pictures and metrics carry no id: they are not history.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import HeaderParameter
from litestar.response import Stream

from core.api.sse import Mailbox, frame, seen, sse_response
from core.application import Application
from core.monitoring.monitor import Figures
from core.status import Status
from events.errors import SubscriberTooSlow
from events.projections.timeline import entry

log = logging.getLogger(__name__)


class Measured(msgspec.Struct, frozen=True):
    """What the first `metrics` of a stream go on from."""

    samples: tuple[Figures, ...]


@get("/events")
async def follow_events(
    application: Application,
    after: int | None = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="last-event-id")] = None,
) -> Stream:
    """Facts after a position (from now on without one), then as they happen."""
    start = seen(last_event_id)
    if start is None:
        start = after
    return sse_response(event_stream(application, start))


async def event_stream(application: Application, after: int | None) -> AsyncGenerator[bytes, None]:
    """Everything a window needs to stay true, in one stream."""
    mailbox = Mailbox()
    stop_listening = application.studio.listen(
        lambda s: mailbox.post_latest("status", status_frame(s))
    )
    stop_sampling = application.monitor.follow(
        lambda sample: mailbox.post_latest("metrics", frame("metrics", msgspec.json.encode(sample)))
    )
    pump = asyncio.ensure_future(pump_facts(application, after, mailbox))
    try:
        yield status_frame(application.studio.status())
        if before := application.monitor.recently():
            yield frame("measured", msgspec.json.encode(Measured(samples=before)))
        async for chunk in mailbox.read(application.stopping):
            yield chunk
    finally:
        pump.cancel()
        stop_listening()
        stop_sampling()


async def pump_facts(application: Application, after: int | None, mailbox: Mailbox) -> None:
    """From the log into the mailbox, until cancelled or told to resync."""
    try:
        async with application.store.subscribe(after) as facts:
            async for recorded in facts:
                data = msgspec.json.encode(entry(recorded))
                await mailbox.post(frame("fact", data, id_=recorded.position))
    except SubscriberTooSlow:
        await mailbox.post(frame("resync", b"{}"))
        mailbox.end()
    except Exception:
        log.exception("the facts can not be followed")
        mailbox.end()  # the window comes back with its Last-Event-ID


def status_frame(status: Status) -> bytes:
    """The whole picture; a window replaces its own with it."""
    return frame("status", msgspec.json.encode(status))
