"""Replies to conversations: begun, followed, stopped, and recorded however they end.

    window ── begin ──► Chat ── one task a reply ──► ToolLoop ── InnerCall ──► the hot path
       ▲                                                │  ▲└─── Toolbox ──► MCP servers
       │                          drafts/ ◄── 1 s ──────┤  │
       └── follow, from any event on ◄── Reply ◄────────┴──┴── Keeping ──► message-added

A reply needs no window: it goes on while nobody looks, and who comes back gets what was missed.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import msgspec

from core.chat.costs import ReplyCosts
from core.chat.drafts import Draft, Drafts
from core.chat.inner_call import Asgi, Asker
from core.chat.keeping import NotRecorded, Recorder
from core.chat.prompt import turns
from core.chat.reply import Ended, Event, Outcome, Reply, ReplyView
from core.chat.tool_loop import Means, Question, ToolLoop
from core.chat.tool_pictures import Files, KeepFile
from core.chat.unsent import Unsent
from core.chat.ways import Ways
from core.clock import Clock
from core.conversations import Conversations, MessageView
from core.conversations.branches import branch_to
from core.conversations.parameters import demand_parameters
from core.errors import Invalid, NotFound, Refused, StudioError, Unavailable
from core.ids import uuid7
from core.mcp.toolbox import Toolbox

log = logging.getLogger(__name__)

KEEP_S = 1.0  # how much of a reply a crash may lose
MOST_AT_ONCE = 8  # replies in one conversation
LATELY = 16  # replies that can still be followed after their end
MOST_ITERATIONS = 64
LEAST_TOKENS, MOST_TOKENS = 100, 100_000_000
GOES_ON = frozenset({"vllm", "sglang"})  # engines that write on where an answer was left


class NewReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reply that is wanted."""

    model: str
    to: str  # the message to be answered; with `goes_on`, the answer to be continued
    system: str = ""
    parameters: dict[str, Any] = {}
    goes_on: bool = False
    tools: tuple[str, ...] = ()  # servers, or "server/tool", that the model may call
    iterations: int = 12  # questions that it may be asked, each but the last for calls of tools
    tokens: int = 1_000_000  # that all of them may take together, questions and answers


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
        takes_tools: Callable[[str], bool | None] = lambda model: None,
        toolbox: Toolbox | None = None,
        costs: ReplyCosts | None = None,
        files: Files | None = None,
        keep_file: KeepFile | None = None,
        keep_s: float = KEEP_S,
        after: Sequence[Callable[[ReplyDone], None]] = (),
    ) -> None:
        """`engine_of`: the kind of engine behind a model's name, where it is known.

        `takes_tools`: whether its recipe says that it reads calls of tools; None: it does not say.
        `files`: what a model is told of the files of a branch. `keep_file`: keeps a picture that
        a tool brought.
        `after`: told of each reply once it is over and recorded; they start tasks of their own.
        """
        self._conversations = conversations
        self._drafts = drafts
        self._recorder = Recorder(conversations)
        self._means = Means(
            conversations=conversations,
            recorder=self._recorder,
            drafts=drafts,
            proxy=proxy,
            clock=clock,
            toolbox=toolbox,
            ways=Ways(takes_tools),
            costs=costs or ReplyCosts(),
            keep_s=keep_s,
            files=files,
            keep_file=keep_file,
        )
        self._clock = clock
        self._engine_of = engine_of
        self._files = files
        self._after = tuple(after)
        self._replies: dict[str, Reply] = {}
        self._lately: dict[str, Reply] = {}  # ended, for who was about to follow them
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self.unsent = Unsent()

    # ---- what people do ------------------------------------------------------------------------

    async def begin(self, which: str, wish: NewReply, *, asker: Asker) -> ReplyView:
        """Ask the model; returns at once. Raises NotFound, Refused, Invalid, Unavailable."""
        _demand_sensible(wish)
        conversation = await self._conversations.read(which)
        branch = branch_to(conversation, wish.to)
        files = await self._files(which, branch, wish.model) if self._files is not None else {}
        self._demand_room(which)  # nothing is awaited from here on until it counts
        if not branch:
            raise Invalid("this conversation has no such message", field="to")
        before, parent = _begun(branch) if wish.goes_on else ("", wish.to)
        question = Question(
            messages=turns(branch, system=wish.system, files=files),
            parameters=wish.parameters,
            tools=wish.tools,
            iterations=wish.iterations,
            tokens=wish.tokens,
            writes_on=bool(before) and self._engine_of(wish.model) in GOES_ON,
        )
        reply = Reply(
            reply_id=uuid7(),
            conversation_id=which,
            parent_id=parent,
            model=wish.model,
            clock=self._clock,
        )
        reply.now.before = before
        self._replies[reply.reply_id] = reply
        task = asyncio.create_task(self._run(reply, question, asker))
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
        self.unsent.keep(which, "")
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
            if draft is not None and not await self._recovered(draft):
                continue  # the draft stays for the next start
            await asyncio.to_thread(self._drafts.drop, reply_id)
        await asyncio.to_thread(self._drafts.tidy)

    async def _recovered(self, draft: Draft) -> bool:
        which, actor = draft.conversation_id, draft.actor
        for one in draft.messages:
            if not await self._recorder.add(which, one, actor):
                return False
        return True

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

    async def _run(self, reply: Reply, question: Question, asker: Asker) -> None:
        outcome: Outcome = "whole"
        failure: StudioError | None = None
        loop = ToolLoop(reply, question, self._means, asker)
        try:
            await loop.run()
        except asyncio.CancelledError:
            outcome = "stopped" if reply.stopped else "cut"
        except StudioError as error:
            outcome, failure = "cut", error
        except Exception:
            log.exception("a reply of %s broke", reply.model)
            failure = StudioError("the studio could not go on with this reply; app.log says why")
            outcome = "cut"
        reply.ending = True
        try:
            reply.end(await self._ended(reply, loop, outcome, failure))
        finally:
            if reply.ended is None:  # whoever follows it would wait for ever
                reply.end(Ended(outcome=outcome, problem="this answer could not be recorded"))
            self._tell_after(reply, asker, reply.ended)

    async def _ended(
        self, reply: Reply, loop: ToolLoop, outcome: Outcome, failure: StudioError | None
    ) -> Ended:
        """Record what is not recorded yet; what was known to have ended so is not told again."""
        if isinstance(failure, NotRecorded):
            failure = None
        try:
            views = await loop.keeping.finish(loop.left(outcome, failure))
        except NotRecorded as problem:
            return Ended(outcome=outcome, problem=problem.message)
        for view in views[:-1]:
            reply.added(view.message_id, view)
        return Ended(outcome=outcome, message=views[-1] if views else None)

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


def _demand_sensible(wish: NewReply) -> None:
    """Raises Invalid, at the field."""
    if not wish.model.strip():
        raise Invalid("a reply needs a model", field="model")
    demand_parameters(wish.parameters)
    for field, least, most in (
        ("iterations", 1, MOST_ITERATIONS),
        ("tokens", LEAST_TOKENS, MOST_TOKENS),
    ):
        if not least <= getattr(wish, field) <= most:
            raise Invalid(f"{field} is a number from {least} to {most}", field=field)


def _begun(branch: Sequence[MessageView]) -> tuple[str, str]:
    """The text to go on from, and what the answer follows. Raises Invalid."""
    last = branch[-1]
    if last.role == "tool" or (last.role == "assistant" and last.said and last.said.tool_calls):
        return "", last.message_id
    if last.role == "assistant" and last.parent_id is not None:
        if last.text:
            return last.text, last.parent_id
        if branch[-2].role == "tool":
            return "", last.parent_id
    raise Invalid("only an answer that has begun can be continued", field="to")
