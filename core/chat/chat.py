"""Replies to conversations: begun, followed, stopped, and recorded however they end.

    window ── begin ──► Chat ── one task a reply ──► InnerCall ──► the hot path
       ▲                  │ 1 s                          │ pieces
       │               drafts/                           ▼
       └── follow, from any event on ◄────────────── Reply ── its end ──► message-added

A reply needs no window: it goes on while nobody looks, and who comes back gets what was missed.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from core.attachments.telling import Part
from core.chat.chunks import Chunks
from core.chat.drafts import Draft, Drafts
from core.chat.inner_call import Asgi, Asker, InnerCall, ModelFailed, Told
from core.chat.prompt import body_of, turns
from core.chat.reply import Ended, Event, Outcome, Reply, ReplyView
from core.chat.thinking import ThinkSplitter
from core.clock import Clock
from core.conversations import Conversations, MessageView, NewMessage
from core.conversations.branches import branch_to
from core.errors import Invalid, NotFound, Refused, StudioError, Unavailable
from core.ids import uuid7
from events.errors import EventError

log = logging.getLogger(__name__)

KEEP_S = 1.0  # how much of a reply a crash may lose
MOST_AT_ONCE = 8  # replies in one conversation
LATELY = 16  # replies that can still be followed after their end
MOST_LONG = 1_000_000  # characters; however they are spelt, a message has room for them
KEPT_BESIDE = (
    "the log can not be written now: this answer is kept beside it, and "
    "recorded when the studio starts again"
)
KEPT_NOWHERE = (
    "neither the log nor a draft beside it can be written now: copy this answer, for what came of "
    "it last is kept nowhere"
)
GOES_ON = frozenset({"vllm", "sglang"})  # engines that write on where an answer was left


Files = Callable[[str, Sequence[MessageView], str], Awaitable[Mapping[str, Sequence[Part]]]]


class NewReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reply that is wanted."""

    model: str
    to: str  # the message to be answered; with `goes_on`, the answer to be continued
    system: str = ""
    parameters: dict[str, Any] = {}
    goes_on: bool = False


class ReplyDone(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that has ended, for those who do something about it."""

    conversation_id: str
    reply_id: str
    model: str
    asker: Asker
    outcome: Outcome
    message: MessageView | None  # its last message; None: it could not be recorded


class Chat:
    """The door to replies. Loop-bound."""

    def __init__(
        self,
        *,
        conversations: Conversations,
        drafts: Drafts,
        proxy: Asgi,
        clock: Clock,
        engine_of: Callable[[str], str | None] = lambda model: None,
        files: Files | None = None,
        keep_s: float = KEEP_S,
        after: Sequence[Callable[[ReplyDone], None]] = (),
    ) -> None:
        """`engine_of`: the kind of engine behind a model's name, where it is known.

        `files`: what a model is told of the files of a branch.
        `after`: told of each reply once it is over and recorded; they start tasks of their own.
        """
        self._conversations = conversations
        self._drafts = drafts
        self._proxy = proxy
        self._clock = clock
        self._engine_of = engine_of
        self._files = files
        self._keep_s = keep_s
        self._after = tuple(after)
        self._replies: dict[str, Reply] = {}
        self._lately: dict[str, Reply] = {}  # ended, for who was about to follow them
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    # ---- what people do ------------------------------------------------------------------------

    async def begin(self, which: str, wish: NewReply, *, asker: Asker) -> ReplyView:
        """Ask the model; returns at once. Raises NotFound, Refused, Invalid, Unavailable."""
        if not wish.model.strip():
            raise Invalid("a reply needs a model", field="model")
        conversation = await self._conversations.read(which)
        branch = branch_to(conversation, wish.to)
        files = await self._files(which, branch, wish.model) if self._files is not None else {}
        self._demand_room(which)  # nothing is awaited from here on until it counts
        if not branch:
            raise Invalid("this conversation has no such message", field="to")
        before, parent = "", wish.to
        if wish.goes_on:
            before, parent = _begun(branch[-1])
        messages = turns(branch, system=wish.system, files=files)
        writes_on = wish.goes_on and self._engine_of(wish.model) in GOES_ON
        body = body_of(wish.model, messages, wish.parameters, goes_on=writes_on)
        reply = Reply(
            reply_id=uuid7(),
            conversation_id=which,
            parent_id=parent,
            model=wish.model,
            clock=self._clock,
        )
        self._replies[reply.reply_id] = reply
        task = asyncio.create_task(self._run(reply, body, before, asker))
        self._tasks[reply.reply_id] = task
        task.add_done_callback(lambda _: self._forget(reply.reply_id))
        await asyncio.sleep(0)  # a task that is cancelled before it began records nothing
        return reply.view()

    def under_way(self, which: str) -> tuple[ReplyView, ...]:
        """The replies of a conversation that have not ended, oldest first."""
        return tuple(
            reply.view()
            for reply in self._replies.values()
            if reply.conversation_id == which and reply.ended is None
        )

    def follow(self, which: str, reply_id: str, after: int) -> AsyncGenerator[tuple[int, Event]]:
        """Its events after the first `after`, also of one that has ended lately.

        Raises NotFound: it has ended, and is a message.
        """
        lately = self._lately.get(reply_id)
        if lately is not None and lately.conversation_id == which:
            return lately.follow(after)
        return self._found(which, reply_id).follow(after)

    async def stop(self, which: str, reply_id: str) -> None:
        """End it; what has come is kept. Returns once it is recorded. Raises NotFound."""
        reply = self._found(which, reply_id)
        reply.stopped = True
        await self._end(reply_id)

    async def end_of(self, which: str) -> None:
        """The conversation is about to be erased: nothing of it goes on."""
        for view in self.under_way(which):
            with contextlib.suppress(NotFound):
                await self.stop(which, view.reply_id)
        for reply_id, reply in tuple(self._lately.items()):
            if reply.conversation_id == which:
                del self._lately[reply_id]

    # ---- a start and an end of the studio --------------------------------------------------------

    async def recover(self) -> None:
        """Record what a crash left as answers that were cut."""
        for reply_id, draft in await asyncio.to_thread(lambda: list(self._drafts.left())):
            if draft is not None and not await self._recorded(draft):
                continue  # the draft stays for the next start
            await asyncio.to_thread(self._drafts.drop, reply_id)
        await asyncio.to_thread(self._drafts.tidy)

    async def close(self) -> None:
        """End every reply as one that was cut, and record it. No other is begun."""
        self._closing = True
        await asyncio.gather(*map(self._end, tuple(self._tasks)))

    async def _end(self, reply_id: str) -> None:
        """Once it is being recorded nothing ends it any more: that would be lost."""
        task = self._tasks.get(reply_id)
        if task is None:
            return
        reply = self._replies[reply_id]
        if not reply.ending:
            reply.ending = True
            task.cancel()
        await asyncio.wait((task,))

    def _demand_room(self, which: str) -> None:
        if self._closing:
            raise Unavailable("vLLM Studio stops: no reply is begun any more", code="stopping")
        if len(self.under_way(which)) >= MOST_AT_ONCE:
            raise Refused(
                f"{MOST_AT_ONCE} replies are under way in this conversation",
                code="too-many-replies",
                next_action="wait for one, or stop one",
            )

    def _forget(self, reply_id: str) -> None:
        self._tasks.pop(reply_id, None)
        self._lately[reply_id] = self._replies.pop(reply_id)
        while len(self._lately) > LATELY:
            del self._lately[next(iter(self._lately))]

    def _found(self, which: str, reply_id: str) -> Reply:
        reply = self._replies.get(reply_id)
        if reply is None or reply.conversation_id != which:
            raise NotFound(
                "no such reply is under way: it has ended, and is a message of its conversation",
                code="reply-not-found",
                next_action=f"read /api/conversations/{which}",
            )
        return reply

    # ---- one reply -------------------------------------------------------------------------------

    async def _run(self, reply: Reply, body: bytes, before: str, asker: Asker) -> None:
        outcome: Outcome = "whole"
        failure: StudioError | None = None
        keeping = _Keeping(self, reply, before, asker.actor)
        try:
            await keeping.keep()
            await self._demand_open(reply.conversation_id)
            await self._ask(reply, body, asker, keeping)
        except asyncio.CancelledError:
            outcome = "stopped" if reply.stopped else "cut"
        except StudioError as error:
            outcome, failure = "cut", error
        except Exception:
            log.exception("a reply of %s broke", reply.model)
            failure = StudioError("the studio could not go on with this reply; app.log says why")
            outcome = "cut"
        reply.ending = True
        message = keeping.message(outcome, failure)
        draft = Draft(conversation_id=reply.conversation_id, actor=asker.actor, message=message)
        try:
            reply.end(await self._recorded_end(reply, draft, outcome))
        finally:
            if reply.ended is None:  # whoever follows it would wait for ever
                reply.end(Ended(outcome=outcome, problem="this answer could not be recorded"))
            self._tell_after(reply, asker, reply.ended)

    def _tell_after(self, reply: Reply, asker: Asker, ended: Ended | None) -> None:
        done = ReplyDone(
            conversation_id=reply.conversation_id,
            reply_id=reply.reply_id,
            model=reply.model,
            asker=asker,
            outcome=ended.outcome if ended else "cut",
            message=ended.message if ended else None,
        )
        for hook in self._after:
            try:
                hook(done)
            except Exception:
                log.exception("what follows a reply broke")

    async def _demand_open(self, which: str) -> None:
        """It may have been erased after it was read: then no model is told of it."""
        if (await self._conversations.view(which)).standing != "open":
            raise Refused("this conversation was erased meanwhile", code="conversation-erased")

    async def _ask(self, reply: Reply, body: bytes, asker: Asker, keeping: "_Keeping") -> None:
        call, chunks, splitter = (
            InnerCall(self._proxy, body, asker=asker),
            Chunks(),
            ThinkSplitter(),
        )
        async with contextlib.aclosing(call.stream()) as stream:
            async for data in stream:
                reply.request_id, reply.lane = call.opened.request_id, call.opened.lane
                for piece in chunks.feed(data):
                    split = splitter.push(piece.text)
                    reply.note(piece)
                    keeping.demand_room(len(piece.text) + len(piece.reasoning))
                    reply.grow(split.text, piece.reasoning + split.reasoning)
                await keeping.keep_sometimes()
        rest = splitter.finish()
        reply.grow(rest.text, rest.reasoning)
        if not chunks.done:
            raise ModelFailed(502, Told(message="the answer broke off", code="broken-stream"))

    async def _recorded_end(self, reply: Reply, draft: Draft, outcome: Outcome) -> Ended:
        if not await self._recorded(draft):
            kept = await asyncio.to_thread(self._drafts.keep, reply.reply_id, draft)
            return Ended(outcome=outcome, problem=KEPT_BESIDE if kept else KEPT_NOWHERE)
        await asyncio.to_thread(self._drafts.drop, reply.reply_id)
        message: MessageView | None = None
        with contextlib.suppress(StudioError, EventError):
            message = await self._conversations.message(reply.conversation_id, reply.reply_id)
        return Ended(outcome=outcome, message=message)

    async def _recorded(self, draft: Draft) -> bool:
        """Whether it needs to be kept no longer: it is in the log, or may never be."""
        try:
            await self._conversations.add(draft.conversation_id, draft.message, actor=draft.actor)
        except (NotFound, Refused, Invalid) as refused:  # it was erased meanwhile
            log.info("a reply was not recorded: %s", refused)
        except (StudioError, EventError, sqlite3.Error, OSError) as problem:
            log.warning("a reply could not be recorded: %s", problem)
            return False
        return True


class _Keeping:
    """Makes messages of a reply, and keeps them as drafts while it comes."""

    def __init__(self, chat: Chat, reply: Reply, before: str, actor: str) -> None:
        self._chat = chat
        self._reply = reply
        self._before = before
        self._actor = actor
        self._kept_at = 0.0

    def demand_room(self, more: int) -> None:
        """Raises ModelFailed where the answer would be longer than a message can be."""
        if len(self._before) + self._reply.size + more > MOST_LONG:
            told = f"the answer is longer than {MOST_LONG:,} characters, and was ended there"
            raise ModelFailed(502, Told(message=told, code="too-long"))

    async def keep_sometimes(self) -> None:
        """Keep it where the last time is long enough ago."""
        if self._chat._clock.monotonic() - self._kept_at >= self._chat._keep_s:
            await self.keep()

    async def keep(self) -> None:
        """Keep what there is as an answer that was cut."""
        self._kept_at = self._chat._clock.monotonic()
        draft = Draft(
            conversation_id=self._reply.conversation_id,
            actor=self._actor,
            message=self.message("cut", None),
        )
        await asyncio.to_thread(self._chat._drafts.keep, self._reply.reply_id, draft)

    def message(self, outcome: Outcome, failure: StudioError | None) -> NewMessage:
        """What there is, as a message."""
        reply = self._reply
        said = reply.said(
            before=self._before,
            failure=failure.message if failure else "",
            next_action=failure.next_action if failure else "",
        )
        return NewMessage(
            role="assistant",
            said=said,
            message_id=reply.reply_id,
            parent_id=reply.parent_id,
            outcome=outcome,
            model=reply.model,
            request_id=reply.request_id or None,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
        )


def _begun(answer: MessageView) -> tuple[str, str]:
    """The text to go on from, and what it answers. Raises Invalid."""
    if answer.role != "assistant" or not answer.text or answer.parent_id is None:
        raise Invalid("only an answer that has begun can be continued", field="to")
    return answer.text, answer.parent_id
