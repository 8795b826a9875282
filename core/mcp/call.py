"""One call under way, and how one of the past is shown."""

import asyncio
import logging

import msgspec

from core.mcp.asking import Answer, Question
from core.mcp.book import Bound
from core.mcp.offer import Tool
from core.mcp.toolbox import Told
from core.mcp.views import Approved, CallResult, CallState, Standing
from events.projections.tool_calls import CallRow

log = logging.getLogger(__name__)

STUDIO_ENDED = "studio-ended"
NOT_ASKED: dict[str, object] = {"reason": "", "shown": "", "description": ""}
REASONS = {
    STUDIO_ENDED: "the studio ended before the call did. Whether it did anything nobody can tell."
}


class Call:
    """One call under way."""

    def __init__(self, state: CallState, told: Told, actor: str) -> None:
        self.state = state
        self.actor = actor
        self.question = Question()
        self.task: asyncio.Task[CallResult] | None = None
        self.given_up = False  # a person cancelled this call, and not the whole reply
        self._told = told

    def becomes(self, standing: Standing, now: int, **more: object) -> None:
        """Move on, and tell. What was asked goes with the question."""
        told = more if standing == "asking" else NOT_ASKED | more
        self.state = msgspec.structs.replace(self.state, state=standing, since=now, **told)
        try:
            self._told(self.state)
        except Exception:  # who listens badly does not stop the call
            log.exception("a call could not be told")

    def settle(self, answer: Answer, now: int) -> None:
        """Give its answer; one to what it asks no more leaves it asking."""
        self.question.settle(answer)
        if self.question.is_answered:
            self.was_told("running" if answer.verdict == "approved" else "denied", now)

    def was_told(self, standing: Standing, now: int) -> None:
        """By a person: it asks nobody any more, from now on and not only once it has moved on."""
        if self.state.ended_at is None:
            self.state = msgspec.structs.replace(self.state, state=standing, since=now, **NOT_ASKED)

    def ask(self, bound: Bound, tool: Tool, now: int) -> None:
        """Ask about this. Told once, and again when it is something else than before."""
        asks = self.state.state == "asking"
        if self.question.asks(bound) or not asks:
            self.becomes(
                "asking",
                self.state.since if asks else now,
                reason=self.question.changed,
                shown=bound.mark,
                description=tool.description,
            )


def state_of(row: CallRow) -> CallState:
    """As the log tells it: its arguments are in no log."""
    return CallState(
        call_id=row.call_id,
        conversation_id=row.conversation_id,
        reply_id=row.reply_id,
        server=row.server,
        tool=row.tool,
        arguments={},
        arguments_hash=row.arguments_hash,
        state=msgspec.convert(row.outcome, Standing),
        since=row.finished_at or row.requested_at,
        reason=REASONS.get(row.code, ""),
        ended_at=row.finished_at,
        duration_ms=row.duration_ms,
        bytes=row.bytes,
        truncated=row.truncated,
        approved=msgspec.convert(row.approved, Approved),
    )
