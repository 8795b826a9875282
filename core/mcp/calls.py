"""Calls of tools: the toolbox that chat and research are given.

    wish ─► recorded ─► server ready? ─► policy ─► arguments fit? ─► approved? ─► called ─► recorded

1. A call is recorded before anything is done, and its end however it ends.
2. What a person approved is this call of this tool of this server. Whatever of it changes while
   the question stands is asked again.
3. Whatever a server does, the model is told in words, and nobody waits longer than was said.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from core.clock import Clock
from core.errors import Invalid, NotFound
from core.mcp import carrying
from core.mcp.asking import Answer
from core.mcp.book import Bound, McpBook
from core.mcp.call import STUDIO_ENDED, Call, state_of
from core.mcp.carrying import Ended, Refusal
from core.mcp.checking import can_be_said, complaints
from core.mcp.desk import CALLS
from core.mcp.failing import McpFailure
from core.mcp.naming import offered_name
from core.mcp.offer import Tool
from core.mcp.servers import Servers
from core.mcp.session import Session
from core.mcp.toolbox import Told
from core.mcp.views import (
    Approved,
    CallResult,
    CallState,
    CallWish,
    Offered,
    Scope,
)
from events.errors import EventError
from events.facts import (
    ToolCallApproved,
    ToolCallDenied,
    ToolCallFinished,
    ToolCallRequested,
)
from events.facts.base import Fact
from events.projections.tool_calls import call_known, finished_calls, unfinished_calls
from events.store import EventStore

log = logging.getLogger(__name__)

LATELY = 100  # calls that have ended and are still shown
READY_S = 45.0  # how long a call waits for its server
MOST_REASON = 2000


class Calls:
    """`core.mcp.toolbox.Toolbox`. Loop-bound."""

    def __init__(self, *, store: EventStore, book: McpBook, servers: Servers, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._servers = servers
        self._clock = clock
        self._calls: dict[str, Call] = {}
        self._lately: deque[CallState] = deque(maxlen=LATELY)
        self._names: dict[str, tuple[str, str]] = {}  # whatever was offered since the start
        self._writing: set[asyncio.Task[None]] = set()
        servers.listen(self.look_again)

    # what there is

    def offered(self, chosen: Sequence[str]) -> tuple[Offered, ...]:
        """See `Toolbox.offered`."""
        found: dict[str, Offered] = {}
        for one in chosen:
            server, _, tool = one.partition("/")
            session = self._servers.session(server)
            for offer in session.offer.tools if session else ():
                if not tool or offer.tool == tool:
                    shown = self._shown(server, offer)
                    if shown.policy != "never":
                        found[shown.name] = shown
        return tuple(found.values())

    def bound(self, server: str, tool: Tool, arguments_hash: str = "") -> Bound:
        """What a "yes" to this tool, or to a call of it, would be bound to."""
        return Bound(
            server=server,
            tool=tool.tool,
            fingerprint=self._book.fingerprint(server),
            definition=tool.definition,
            arguments_hash=arguments_hash,
        )

    def states(self) -> tuple[CallState, ...]:
        """Those that ask or run, oldest first; then those that ended, newest first."""
        running = tuple(call.state for call in self._calls.values())
        ended = {state.call_id: state for state in reversed(self._lately)}
        if len(ended) < LATELY:
            with self._store.reading() as connection:
                rows = finished_calls(connection, LATELY)
            ended |= {row.call_id: state_of(row) for row in rows if row.call_id not in ended}
        alive = {state.call_id for state in running}
        rest = sorted(ended.values(), key=lambda one: one.ended_at or one.since, reverse=True)
        return (*running, *(one for one in rest[:LATELY] if one.call_id not in alive))

    def arguments_of(self, call_id: str) -> dict[str, object] | None:
        """What a call was asked with, where this run of the studio was told it."""
        if (call := self._calls.get(call_id)) is not None:
            return call.state.arguments
        return next((one.arguments for one in self._lately if one.call_id == call_id), None)

    def forgetting(self, before: Callable[[str], None]) -> Callable[[str], None]:
        """`before`, and then `forget`."""

        def both(subject: str) -> None:
            before(subject)
            self.forget(subject)

        return both

    def forget(self, subject: str) -> None:
        """Know nothing more of what a conversation that is erased had called with; in any thread.

        What is still under way is stopped with its reply, and told to nobody.
        """
        which = subject.removeprefix("conversation-")
        kept = [one for one in list(self._lately) if one.conversation_id != which]
        self._lately = deque(kept, maxlen=LATELY)

    # what people say

    async def approve(
        self, call_id: str, scope: Scope, shown: str = "", *, actor: str
    ) -> CallState:
        """Let it go on. `shown`: as the call's state told it; empty: as it was first asked.

        Raises NotFound when it does not ask, Refused when something else would be approved.
        """
        call, bound = self._asking(call_id)
        bound = self._standing(call) or bound
        call.question.demand_seen(shown, bound)
        if scope == "conversation" and not call.state.conversation_id:
            raise Invalid("this call belongs to no conversation", field="scope", code="mcp-scope")
        fact = ToolCallApproved(
            call_id=call_id,
            server=bound.server,
            tool=bound.tool,
            scope=scope,
            conversation_id=call.state.conversation_id,
            fingerprint=bound.fingerprint,
            definition=bound.definition,
            arguments_hash=bound.arguments_hash,
        )
        await self._answered(call, fact, actor)
        call.settle(Answer(bound=bound, verdict="approved", scope=scope), self._clock.now())
        if scope != "once":
            self._book.refresh()
            self.look_again()
        return call.state

    async def deny(self, call_id: str, reason: str, *, actor: str) -> CallState:
        """Have the model told no, and why. Raises NotFound when it does not ask."""
        call, bound = self._asking(call_id)
        fact = ToolCallDenied(call_id=call_id, server=bound.server, tool=bound.tool, by="person")
        await self._answered(call, fact, actor)
        answer = Answer(bound=bound, verdict="denied", reason=reason[:MOST_REASON])
        call.settle(answer, self._clock.now())
        return call.state

    def cancel(self, call_id: str) -> CallState:
        """End it, whether it asks or runs. Raises NotFound when it has ended."""
        call = self._calls.get(call_id)
        if call is None or call.task is None:
            raise _not_there(f"no call {call_id!r:.80} is under way")
        call.given_up = True
        call.task.cancel()
        call.was_told("cancelled", self._clock.now())
        return call.state

    def look_again(self) -> None:
        """Something changed that may answer a question."""
        for call in self._calls.values():
            call.question.ring()

    def _asking(self, call_id: str) -> tuple[Call, Bound]:
        call = self._calls.get(call_id)
        bound = call.question.bound if call and not call.question.is_answered else None
        if call is None or bound is None or call.state.state != "asking":
            raise _not_there(f"no call {call_id!r:.80} waits for an approval")
        return call, bound

    def _standing(self, call: Call) -> Bound | None:
        """What the call would be now; None while its server is not ready."""
        session = self._servers.session(call.state.server)
        tool = session.offer.tool(call.state.tool) if session else None
        return self.bound(call.state.server, tool, call.state.arguments_hash) if tool else None

    async def _answered(self, call: Call, fact: Fact, actor: str) -> None:
        with call.question.being_answered():
            await self._store.append(CALLS, [fact], actor=actor, correlation_id=call.state.call_id)

    # one call

    async def call(self, wish: CallWish, *, actor: str, told: Told) -> CallResult:
        """See `Toolbox.call`."""
        server, tool = self._meant(wish.name)
        if not server:
            return CallResult(outcome="failed", text=self._unknown(wish.name))
        if wish.call_id in self._calls or self._is_known(wish.call_id):
            return CallResult(outcome="failed", text="this call was made already")
        if not can_be_said(wish.arguments):
            return carrying.unsayable()
        state = CallState(
            call_id=wish.call_id,
            conversation_id=wish.conversation_id,
            reply_id=wish.reply_id,
            server=server,
            tool=tool,
            arguments=wish.arguments,
            arguments_hash=self._book.arguments_hash(wish.arguments),
            state="running",
            since=self._clock.now(),
        )
        call = Call(state, told, actor)
        self._calls[wish.call_id] = call
        call.task = asyncio.create_task(self._through(call))
        try:
            return await call.task
        except asyncio.CancelledError:
            result = carrying.cancelled(by_person=call.given_up)
            self._over(call, result, Ended(code="cancelled"))
            current = asyncio.current_task()
            if call.given_up and not (current and current.cancelling()):
                return result
            raise
        finally:
            self._calls.pop(wish.call_id, None)

    async def _through(self, call: Call) -> CallResult:
        state = call.state
        fact = ToolCallRequested(
            call_id=state.call_id,
            server=state.server,
            tool=state.tool,
            arguments_hash=state.arguments_hash,
            conversation_id=state.conversation_id,
            reply_id=state.reply_id,
        )
        try:
            await self._store.append(CALLS, [fact], actor=call.actor, correlation_id=state.call_id)
        except EventError as problem:
            text = f"the call was not made, for it could not be recorded: {problem}"
            self._closed(call, CallResult(outcome="failed", text=text))
            return CallResult(outcome="failed", text=text)
        try:
            session, tool, approved = await self._allowed(call)
            call.becomes("running", self._clock.now())
            result, ended = await carrying.carried(
                session, tool.tool, state.arguments, clock=self._clock
            )
            result = msgspec.structs.replace(result, approved=approved)
        except Refusal as refusal:
            result, ended = refusal.result, Ended(code=refusal.code)
        self._over(call, result, ended)
        return result

    async def _allowed(self, call: Call) -> tuple[Session, Tool, Approved]:
        """Wait until it may be made; in the end everything about it is as it was approved."""
        while True:
            found = await call.question.unless_denied(self._found(call))
            if (no := call.question.denied) is not None or found is None:
                raise Refusal(carrying.denied(no.reason if no else ""), "denied")
            session, tool = found
            bound = self.bound(call.state.server, tool, call.state.arguments_hash)
            policy = self._book.policy(bound)
            if policy == "never":
                await self._deny_by_policy(call)
                raise Refusal(carrying.forbidden(tool.tool), "never")
            if wrong := complaints(tool.parameters, call.state.arguments):
                raise Refusal(carrying.wrong_arguments(tool, wrong), "arguments")
            if policy == "always":
                return session, tool, "policy"
            if standing := self._book.approved(bound, call.state.conversation_id):
                return session, tool, standing
            if (answer := call.question.approves(bound)) is not None:
                return session, tool, answer.scope
            call.ask(bound, tool, self._clock.now())
            await call.question.rest()

    async def _found(self, call: Call) -> tuple[Session, Tool]:
        """The tool as it is offered now, once its server is ready."""
        session = self._servers.session(call.state.server)
        if session is None:
            raise Refusal(carrying.no_server(call.state.server, "it was removed"), "off")
        try:
            async with asyncio.timeout(READY_S):
                await session.ready()
        except TimeoutError:
            why = f"it did not get ready within {READY_S:.0f} s"
            raise Refusal(carrying.no_server(call.state.server, why), "not-ready") from None
        except McpFailure as failure:
            raise Refusal(carrying.not_ready(call.state.server, failure), failure.code) from None
        tool = session.offer.tool(call.state.tool)
        if tool is None:
            raise Refusal(carrying.no_tool(call.state.server, call.state.tool), "no-tool")
        return session, tool

    async def _deny_by_policy(self, call: Call) -> None:
        state = call.state
        fact = ToolCallDenied(
            call_id=state.call_id, server=state.server, tool=state.tool, by="policy"
        )
        await self._write(fact, call)

    # its end

    def _over(self, call: Call, result: CallResult, ended: Ended) -> None:
        """Tell, and write it down; nothing that comes later changes it."""
        if call.state.ended_at is not None:
            return
        self._closed(call, result, ended)
        state = call.state
        fact = ToolCallFinished(
            call_id=state.call_id,
            server=state.server,
            tool=state.tool,
            outcome=result.outcome,
            code=ended.code,
            duration_ms=result.duration_ms,
            bytes=ended.bytes,
            truncated=result.truncated,
            approved=result.approved,
        )
        task = asyncio.create_task(self._write(fact, call))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _closed(self, call: Call, result: CallResult, ended: Ended | None = None) -> None:
        now = self._clock.now()
        call.becomes(
            result.outcome,
            now,
            ended_at=now,
            reason=_reason(result, ended),
            duration_ms=result.duration_ms,
            bytes=ended.bytes if ended else 0,
            truncated=result.truncated,
            approved=result.approved,
        )
        self._lately.append(call.state)

    async def _write(self, fact: Fact, call: Call) -> None:
        try:
            await self._store.append(
                CALLS, [fact], actor=call.actor, correlation_id=call.state.call_id
            )
        except EventError as problem:
            log.error("the end of a call is written later: %s", problem)
            self._store.append_later(
                CALLS, fact, actor=call.actor, correlation_id=call.state.call_id
            )

    async def settle(self) -> None:
        """Say of calls that an earlier run left without an end that nobody knows how they went."""
        with self._store.reading() as connection:
            left = unfinished_calls(connection)
        facts = [
            ToolCallFinished(
                call_id=row.call_id,
                server=row.server,
                tool=row.tool,
                outcome="cancelled",
                code=STUDIO_ENDED,
                approved=row.approved,
            )
            for row in left
            if row.call_id not in self._calls
        ]
        if not facts:
            return
        try:
            await self._store.append(CALLS, facts, actor="system")
        except EventError as problem:
            log.error("calls of an earlier run are left without an end: %s", problem)

    async def close(self) -> None:
        """End what is under way, and wait until that is written."""
        for call in list(self._calls.values()):
            if call.task is not None:
                call.task.cancel()
        await asyncio.gather(
            *(call.task for call in list(self._calls.values()) if call.task is not None),
            return_exceptions=True,
        )
        await asyncio.sleep(0)
        await asyncio.gather(*self._writing, return_exceptions=True)

    # names

    def _shown(self, server: str, tool: Tool) -> Offered:
        name = offered_name(server, tool.tool)
        self._names[name] = (server, tool.tool)
        return Offered(
            name=name,
            server=server,
            tool=tool.tool,
            title=tool.title,
            description=tool.description,
            parameters=tool.parameters,
            policy=self._book.policy(self.bound(server, tool)),
        )

    def _meant(self, name: str) -> tuple[str, str]:
        if name not in self._names:
            for view in self._book.servers():
                self.offered((view.name,))
        return self._names.get(name, ("", ""))

    def _unknown(self, name: str) -> str:
        known = ", ".join(sorted(self._names)) or "none"
        return f"there is no tool {name!r:.80}. Tools that can be called: {known:.2000}"

    def _is_known(self, call_id: str) -> bool:
        with self._store.reading() as connection:
            return call_known(connection, call_id)


def _reason(result: CallResult, ended: Ended | None) -> str:
    """Why it was not done; a tool's own words are told from ours."""
    if result.outcome == "done":
        return ""
    words = result.text[:500]
    return f"the tool says: {words}" if ended and ended.code == "tool-error" else words


def _not_there(message: str) -> NotFound:
    return NotFound(
        message,
        code="call-not-found",
        next_action="It may have ended, or somebody else was first.",
    )
