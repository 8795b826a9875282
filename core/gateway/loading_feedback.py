"""Tells a streaming client how the load goes that its request waits for, when it wants to know.

1. who does not want it, or does not stream, waits in silence and gets the upstream's own status
2. what is refused at once (limits, back-off, an unknown model) is refused with its status: the
   stream begins only when the wait has lasted a moment
3. then lines as the load moves, and a sign of life when it does not
4. the model is there: the answer goes on in the same stream
5. it does not come: the stream ends with the error, as any stream that breaks

It hangs on a request's wait and takes no part in it: a client that leaves cancels the wait as ever.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING

from core.clock import Clock
from core.gateway.loading_stream import ChatLoading, Loading, LoadingStream, MessagesLoading
from core.gateway.routes import Header, Route

if TYPE_CHECKING:
    from core.gateway.request_record import Call

BEGIN_AFTER_S = 0.5  # a refusal comes sooner, and still has its own status
LOOK_S = 0.25
KEEP_ALIVE_S = 5.0
HEADER = b"x-studio-loading-feedback"
CHAT, MESSAGES = b"/v1/chat/completions", b"/v1/messages"

ProgressOf = Callable[[str], Loading | None]


class LoadingFeedback:
    """`progress(name)` says where that model stands, `by_default` what the setting says."""

    def __init__(
        self,
        *,
        progress: ProgressOf,
        by_default: Callable[[], bool],
        clock: Clock,
        begin_after_s: float = BEGIN_AFTER_S,
        look_s: float = LOOK_S,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._progress = progress
        self._by_default = by_default
        self._clock = clock
        self._begin_after_s = begin_after_s
        self._look_s = look_s
        self._keep_alive_s = keep_alive_s

    def wanted(self, path: bytes, headers: Iterable[Header], *, stream: bool) -> bool:
        """Whether this request is to be told; its header outdoes the setting."""
        if not stream or path not in (CHAT, MESSAGES):
            return False
        said = next((value.strip().lower() for name, value in headers if name == HEADER), b"")
        return {b"on": True, b"off": False}.get(said, self._by_default())

    async def telling(
        self, call: "Call", name: str, waiting: Coroutine[object, object, Route]
    ) -> Route:
        """Wait for `waiting`, and tell `call`'s client meanwhile. Raises what `waiting` raises."""
        wait = asyncio.create_task(waiting)
        try:
            await asyncio.wait({wait}, timeout=self._begin_after_s)
            if not wait.done():
                await self._told(call, name, wait)
            return wait.result()
        finally:
            if not wait.done():
                wait.cancel()
                await asyncio.wait({wait})

    async def _told(self, call: "Call", name: str, wait: asyncio.Task[Route]) -> None:
        began = said = self._clock.monotonic()
        stream = call.loading
        if stream is None:
            now_us = self._clock.now()
            stream = call.loading = _stream_of(
                call.path, call.request_id, self._model(name), now_us
            )
            await call.reply.begin_stream(stream.begin(), stream.fitted)
        before: Loading | None = None
        while not wait.done():
            now = self._clock.monotonic()
            loading = self._progress(name)
            if loading is not None and loading.differs(before):
                await call.reply.tell(stream.progress(loading))
                before, said = loading, now
            elif now - said >= self._keep_alive_s:
                await call.reply.tell(stream.keep_alive())
                said = now
            await asyncio.wait({wait}, timeout=self._look_s)
        if not wait.cancelled() and wait.exception() is None:
            await call.reply.tell(stream.ready(self._clock.monotonic() - began))

    def _model(self, name: str) -> str:
        loading = self._progress(name)
        return loading.name if loading is not None else name


def _stream_of(path: bytes, request_id: str, model: str, now_us: int) -> LoadingStream:
    if path == MESSAGES:
        return MessagesLoading()
    return ChatLoading(request_id=request_id, model=model, created=now_us // 1_000_000)
