"""One call on its way to a server and back, and what a model is told of it, however it goes."""

import asyncio
from typing import Any

import msgspec

from core.clock import Clock
from core.mcp.failing import NEEDS_SIGN_IN, McpFailure, NotMade
from core.mcp.offer import Tool
from core.mcp.session import Session
from core.mcp.views import CallResult

MOST_TIMES = 10.0  # a tool that tells its progress may take so many times its time-out
NOBODY_KNOWS = ". Whether it did anything nobody can tell."


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded of an end besides its result."""

    code: str = ""
    bytes: int = 0


class Refusal(Exception):
    """The call is not made."""

    def __init__(self, result: CallResult, code: str) -> None:
        super().__init__(code)
        self.result = result
        self.code = code


async def carried(
    session: Session, tool: str, arguments: dict[str, Any], *, clock: Clock
) -> tuple[CallResult, Ended]:
    """Call it. Returns in time; cancelling it tells the server."""
    from core.mcp.asked import Answered, answer_of

    began = clock.monotonic()
    limit = session.server.timeout_s
    try:
        async with asyncio.timeout(limit) as deadline:
            last = asyncio.get_running_loop().time() + limit * MOST_TIMES

            def moved() -> None:
                deadline.reschedule(min(asyncio.get_running_loop().time() + limit, last))

            answered: Answered = await answer_of(session, tool, arguments, moved)
    except TimeoutError:
        took = _ms(clock.monotonic() - began)
        text = f"the tool did not answer within {took / 1000:.0f} s{NOBODY_KNOWS}"
        return CallResult(outcome="timed-out", text=text, duration_ms=took), Ended(code="timed-out")
    except McpFailure as failure:
        why, advice = failure.message, failure.next_action
        text = f"the call failed: {why}. {advice}".strip()
        if isinstance(failure, NotMade):
            text = f"the call was not made: {why}. {advice}"
        took = _ms(clock.monotonic() - began)
        return CallResult(outcome="failed", text=text, duration_ms=took), Ended(code=failure.code)
    result = CallResult(
        outcome="failed" if answered.is_error else "done",
        text=answered.told.text or "(the tool answered nothing)",
        truncated=answered.told.truncated,
        images=answered.told.images,
        duration_ms=_ms(clock.monotonic() - began),
    )
    return result, Ended(code="tool-error" if answered.is_error else "", bytes=answered.told.bytes)


def cancelled(*, by_person: bool) -> CallResult:
    """It was ended before it answered."""
    who = "the person cancelled the call" if by_person else "the call was cancelled"
    return CallResult(outcome="cancelled", text=f"{who}{NOBODY_KNOWS}")


def denied(reason: str) -> CallResult:
    """A person said no."""
    text = "the person did not allow this call"
    if reason:
        text = f"the person did not allow this call: {reason}"
    return CallResult(outcome="denied", text=text)


def forbidden(tool: str) -> CallResult:
    """A person said never."""
    return CallResult(outcome="denied", text=f"the tool {tool} may not be called here")


def wrong_arguments(tool: Tool, complaints: tuple[str, ...]) -> CallResult:
    """The model can do better."""
    told = "; ".join(complaints)
    return CallResult(
        outcome="failed", text=f"the arguments do not fit the tool {tool.tool}: {told}"
    )


def unsayable() -> CallResult:
    """Models write half of a character when they are cut off, or spell it in two."""
    text = "the arguments hold half a character, which can not be sent: nothing was called"
    return CallResult(outcome="failed", text=text)


def no_server(server: str, why: str) -> CallResult:
    """There is nobody to call."""
    return CallResult(outcome="failed", text=f"the server {server} can not be asked: {why}")


def not_ready(server: str, failure: McpFailure) -> CallResult:
    """It is not there now; that a person can sign in is worth telling on."""
    if failure.code != NEEDS_SIGN_IN:
        return no_server(server, failure.message)
    why, advice = failure.message, failure.next_action
    text = f"the server {server} can not be asked: {why}. {advice}"
    return CallResult(outcome="failed", text=text)


def no_tool(server: str, tool: str) -> CallResult:
    """It was there once."""
    return CallResult(outcome="failed", text=f"{server} offers no tool {tool} any more")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
