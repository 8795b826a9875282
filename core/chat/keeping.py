"""Puts the messages of a reply into the log, each once it is whole; the rest lies beside it.

    draft = what is said but not in the log yet, and what would stand there if all ended now

The draft is replaced before anything is added to the log, so a crash at any moment leaves a chain
of messages that fits: what is in both is added once, because its id is the same.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence

from core.chat.drafts import Draft, Drafts
from core.clock import Clock
from core.conversations import Conversations, MessageView, NewMessage
from core.errors import Invalid, NotFound, Refused, StudioError
from events.errors import EventError

log = logging.getLogger(__name__)

KEPT_BESIDE = (
    "the log can not be written now: this answer is kept beside it, and "
    "recorded when the studio starts again"
)
KEPT_NOWHERE = (
    "neither the log nor a draft beside it can be written now: copy this answer, for what came of "
    "it last is kept nowhere"
)


class NotRecorded(StudioError):
    """The log can not be written; the message says whether it is kept beside it."""


class Recorder:
    """Adds messages to conversations. Who was told no for good is told so once, in app.log."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    async def add(self, which: str, message: NewMessage, actor: str) -> bool:
        """Whether it needs to be kept no longer: it is in the log, or may never be."""
        try:
            await self._conversations.add(which, message, actor=actor)
        except (NotFound, Refused, Invalid) as refused:  # it was erased meanwhile
            log.info("a reply was not recorded: %s", refused)
        except (StudioError, EventError, sqlite3.Error, OSError) as problem:
            log.warning("a reply could not be recorded: %s", problem)
            return False
        return True

    async def view(self, which: str, message_id: str | None) -> MessageView | None:
        """As it is in the log, where that can be read."""
        with contextlib.suppress(StudioError, EventError):
            return await self._conversations.message(which, message_id or "")
        return None


class Keeping:
    """The messages of one reply on their way into the log."""

    def __init__(
        self,
        *,
        reply_id: str,
        conversation_id: str,
        actor: str,
        recorder: Recorder,
        drafts: Drafts,
        clock: Clock,
        keep_s: float,
        left: Callable[[], Sequence[NewMessage]],
    ) -> None:
        """`left`: what would stand after all that is said, if the studio ended now."""
        self._reply_id = reply_id
        self._which = conversation_id
        self._actor = actor
        self._recorder = recorder
        self._drafts = drafts
        self._clock = clock
        self._keep_s = keep_s
        self._left = left
        self._said: list[NewMessage] = []  # whole, and not in the log yet
        self._kept_at = 0.0

    async def sometimes(self) -> None:
        """Keep it where the last time is long enough ago."""
        if self._clock.monotonic() - self._kept_at >= self._keep_s:
            await self.keep()

    async def keep(self) -> None:
        """Replace the draft."""
        self._kept_at = self._clock.monotonic()
        await self._kept((*self._said, *self._left()))

    async def record(self, message: NewMessage) -> MessageView | None:
        """Add a message; how it is in the log. Raises NotRecorded."""
        self._said.append(message)
        await self.keep()
        await self._add_all()
        return await self._recorder.view(self._which, message.message_id)

    async def finish(self, last: Sequence[NewMessage]) -> list[MessageView]:
        """Add these, and what is not added yet. Raises NotRecorded."""
        known = {one.message_id for one in self._said}
        self._said += [one for one in last if one.message_id not in known]
        ids = [one.message_id for one in self._said]
        await self._add_all()
        await asyncio.to_thread(self._drafts.drop, self._reply_id)
        views = [await self._recorder.view(self._which, message_id) for message_id in ids]
        return [view for view in views if view is not None]

    async def _add_all(self) -> None:
        for one in tuple(self._said):
            if not await self._recorder.add(self._which, one, self._actor):
                kept = await self._kept(tuple(self._said))
                raise NotRecorded(KEPT_BESIDE if kept else KEPT_NOWHERE, code="not-recorded")
            self._said.remove(one)

    async def _kept(self, messages: Sequence[NewMessage]) -> bool:
        if not messages:
            return True
        draft = Draft(
            conversation_id=self._which,
            actor=self._actor,
            message=messages[0],
            more=tuple(messages[1:]),
        )
        return await asyncio.to_thread(self._drafts.keep, self._reply_id, draft)
