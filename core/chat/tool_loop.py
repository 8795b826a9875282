"""One reply from its question to its last answer, over as many tool calls as that takes.

    ask ──► answer without calls ──► the end
     ▲  └─► answer with calls ──► recorded ──► calls, side by side ──► each result recorded ─┐
     └────────────────────────────────────────────────────────────────────────────────────────┘

Whatever ends it, `left` says what is still to be recorded, so that a stop, a failure and a crash
leave the same kind of conversation: calls with a result each, and an answer as far as it came.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.chat.budget import Budget
from core.chat.calls import Wanted
from core.chat.carrying_out import CarryingOut, OpenCall, row_of
from core.chat.coming import Coming
from core.chat.costs import ReplyCosts
from core.chat.drafts import Drafts
from core.chat.inner_call import Asgi, Asker, InnerCall, ModelFailed, Told
from core.chat.keeping import Keeping, Recorder
from core.chat.mending import Turn, mended
from core.chat.prompt import body_of, result_turn
from core.chat.reply import Outcome, Reply
from core.chat.tool_pictures import Files, KeepFile, kept, parts_of
from core.chat.tool_text import as_functions, in_text
from core.chat.ways import Ways, may_be_the_tools
from core.clock import Clock
from core.conversations import Conversations, MessageView, NewMessage, Said, ToolCall
from core.conversations.branches import calls_of
from core.errors import Refused, StudioError
from core.ids import uuid7
from core.mcp.toolbox import Toolbox
from core.mcp.views import Offered

MOST_LONG = 1_000_000  # characters; however they are spelt, a message has room for them


@dataclass(frozen=True, kw_only=True)
class Means:
    """What every reply needs."""

    conversations: Conversations
    recorder: Recorder
    drafts: Drafts
    proxy: Asgi
    clock: Clock
    toolbox: Toolbox | None
    ways: Ways
    costs: ReplyCosts
    keep_s: float
    files: Files | None = None
    keep_file: KeepFile | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and what may be done for its answer."""

    messages: list[Turn]
    parameters: Mapping[str, Any]
    tools: tuple[str, ...]
    iterations: int
    tokens: int
    writes_on: bool  # the engine goes on from the last message


class ToolLoop:
    """One run. `reply` is what windows see of it."""

    def __init__(self, reply: Reply, question: Question, means: Means, asker: Asker) -> None:
        self._reply = reply
        self._question = question
        self._means = means
        self._asker = asker
        self._messages = list(question.messages)
        self._budget = Budget(iterations=question.iterations, tokens=question.tokens)
        self._offered: tuple[Offered, ...] = ()
        self._open: list[OpenCall] = []
        self._tip = reply.now.parent_id  # the last message of the chain
        self._recording = asyncio.Lock()
        self._calls = CarryingOut(
            toolbox=means.toolbox,
            conversation_id=reply.conversation_id,
            reply_id=reply.reply_id,
            actor=asker.actor,
            told=reply.call,
        )
        self.keeping = Keeping(
            reply_id=reply.reply_id,
            conversation_id=reply.conversation_id,
            actor=asker.actor,
            recorder=means.recorder,
            drafts=means.drafts,
            clock=means.clock,
            keep_s=means.keep_s,
            left=lambda: self.left("cut", None),
        )

    async def run(self) -> None:
        """Until there is an answer without calls. Raises StudioError where there can be none."""
        await self.keeping.keep()
        while True:
            await self._demand_open()
            self._budget.ask()
            calls = await self._asked()
            self._budget.spend(self._reply.now.tokens)
            if not calls:
                return
            await self._record_calls(calls)
            await self._carry_out_all(cut=self._messages[-1].pop("cut"))

    def left(self, outcome: Outcome, failure: StudioError | None) -> list[NewMessage]:
        """What would still have to be recorded, if it ended so."""
        told, parent = [], self._tip
        for one in self._open:
            told.append(one.message(parent, outcome))
            parent = one.message_id
        if not told or failure is not None:
            told.append(self._answer(parent, outcome, failure))
        return told

    async def _demand_open(self) -> None:
        """It may have been erased after it was read: then no model is told of it."""
        which = self._reply.conversation_id
        if (await self._means.conversations.view(which)).standing != "open":
            raise Refused("this conversation was erased meanwhile", code="conversation-erased")

    # ---- asking the model ------------------------------------------------------------------------

    async def _asked(self) -> list[Wanted]:
        """One answer into the reply; the calls that it wants."""
        toolbox, ways = self._means.toolbox, self._means.ways
        chosen = self._question.tools
        self._offered = toolbox.offered(chosen) if toolbox else ()
        self._reply.now.missing = tuple(one for one in chosen if not _is_there(one, self._offered))
        messages = mended(self._messages)
        for one in self._messages:
            if one["role"] == "tool":
                self._calls.heard(one["content"], self._offered)
        if not self._offered and all(one["role"] != "tool" for one in messages):
            return await self._streamed(self._body(messages))
        as_text = self._body(in_text(messages, self._offered))
        if ways.in_text(self._reply.model):
            return await self._streamed(as_text)
        try:
            return await self._streamed(self._body(messages, as_functions(self._offered)))
        except ModelFailed as refused:
            if not may_be_the_tools(refused):
                raise
            return await self._asked_in_text(as_text, refused)

    async def _asked_in_text(self, body: bytes, refused: ModelFailed) -> list[Wanted]:
        """The same again in a text; where that is refused too, the first refusal counts."""
        try:
            calls = await self._streamed(body)
        except ModelFailed as again:
            raise (again if self._reply.now.pieces else refused) from None
        self._means.ways.refused(self._reply.model)
        return calls

    def _body(self, messages: Sequence[Turn], tools: Sequence[Turn] = ()) -> bytes:
        writes_on = self._question.writes_on and self._budget.asked == 1
        parameters = self._question.parameters
        return body_of(self._reply.model, messages, parameters, tools=tools, goes_on=writes_on)

    async def _streamed(self, body: bytes) -> list[Wanted]:
        reply, now = self._reply, self._reply.now
        now.asked_now()
        call = InnerCall(self._means.proxy, body, asker=self._asker)
        coming = Coming(self._offered)
        try:
            async with contextlib.aclosing(call.stream()) as stream:
                async for data in stream:
                    now.request_id, now.lane = call.opened.request_id, call.opened.lane
                    for piece in coming.chunks.feed(data):
                        now.note(piece)
                        self._demand_room()
                        reply.grow(*coming.push(piece))
                    await self.keeping.sometimes()
        except BaseException:
            reply.grow(*coming.cut())
            raise
        reply.grow(*coming.finish())
        now.cost = self._means.costs.of(now.request_id)
        if not coming.chunks.done:
            raise ModelFailed(502, Told(message="the answer broke off", code="broken-stream"))
        return coming.calls

    def _demand_room(self) -> None:
        """Raises ModelFailed where the answer would be longer than a message can be."""
        now = self._reply.now
        if len(now.before) + now.taken > MOST_LONG:
            told = f"the answer is longer than {MOST_LONG:,} characters, and was ended there"
            raise ModelFailed(502, Told(message=told, code="too-long"))
        self._budget.demand(now.pieces)

    # ---- calling tools ---------------------------------------------------------------------------

    async def _record_calls(self, calls: Sequence[Wanted]) -> None:
        """The answer that wants them is a message; from now on each of them has a result."""
        answer, since = self._answer(self._tip, "whole", None, calls), self._means.clock.now()
        self._messages.append(_as_turn(answer) | {"cut": self._reply.now.finish == "length"})
        self._open = [OpenCall(one, row_of(one, self._offered, since), uuid7()) for one in calls]
        await self._record(answer)
        for one in self._open:
            self._reply.call(one.row)

    async def _carry_out_all(self, *, cut: bool) -> None:
        """Side by side; each result is recorded as it comes."""
        try:
            async with asyncio.TaskGroup() as group:
                for one in tuple(self._open):
                    group.create_task(self._carry_out(one, cut=cut))
        except* StudioError as failed:
            raise failed.exceptions[0] from None
        if self._calls.over is not None:
            raise self._calls.over

    async def _carry_out(self, one: OpenCall, *, cut: bool) -> None:
        await self._calls.carry_out(one, self._offered, cut=cut)
        which, means = self._reply.conversation_id, self._means
        if one.result is not None and one.result.images:
            async with self._recording:
                await self.keeping.keep()  # its words outlive a crash while its pictures are read
            one.pictures = tuple(await kept(means.keep_file, which, one.row.tool, one.result))
        async with self._recording:
            result = one.message(self._tip, "whole")
            self._open.remove(one)
            view = await self._record(result)
            parts = await parts_of(means.files, which, view, self._reply.model)
            said = result.said or Said()
            self._messages.append(result_turn(said, said.text, parts))

    async def _record(self, message: NewMessage) -> MessageView | None:
        """The chain goes on after it at once: who ends this meanwhile finds it in its place."""
        assert message.message_id is not None
        self._tip = message.message_id
        view = await self.keeping.record(message)
        self._reply.added(message.message_id, view)
        return view

    def _answer(
        self,
        parent: str,
        outcome: Outcome,
        failure: StudioError | None,
        calls: Sequence[Wanted] = (),
    ) -> NewMessage:
        """What the model has said, as a message."""
        now = self._reply.now
        said = now.said(
            failure=failure.message if failure else "",
            next_action=failure.next_action if failure else "",
            calls=tuple(
                ToolCall(id=one.call_id, name=one.name, arguments=one.arguments) for one in calls
            ),
        )
        return NewMessage(
            role="assistant",
            said=said,
            message_id=now.message_id,
            parent_id=parent,
            outcome=outcome,
            model=self._reply.model,
            request_id=now.request_id or None,
            prompt_tokens=now.prompt_tokens,
            completion_tokens=now.completion_tokens,
        )


def _is_there(chosen: str, offered: Sequence[Offered]) -> bool:
    server, _, tool = chosen.partition("/")
    return any(one.server == server and tool in ("", one.tool) for one in offered)


def _as_turn(message: NewMessage) -> Turn:
    said = message.said or Said()
    return {"role": "assistant", "content": said.text or None, "tool_calls": calls_of(said)}
