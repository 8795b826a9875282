"""How an engine falls asleep and wakes, step by step, each with a deadline, nothing on trust.

Asleep:  1. it works on nothing, by its own count   2. it answers a question, to be asked again
         3. its memory is measured   4. it is asked to sleep   5. its memory *is* free
Awake:   1. wake   2. reload the weights (level 2)   3. forget what was cached
         4. the same question has the same answer

Before step 4 of falling asleep nothing has happened and it still serves. Whatever goes wrong later
leaves an engine that must not be used: who asked has it ended.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from core.engines import sleep_routes
from core.engines.lifecycle import Failure, Slept
from core.engines.loopback import Answer, ask
from core.engines.probe import Said, Target, answer_on, first_answer
from core.engines.sleep import SLEEP_LIMIT_S, device_bytes, to_free, why_not_asleep
from core.engines.sleep_routes import Post
from core.hardware.process_memory import Measured

IDLE_S = 2.0  # an engine's own count lags behind the last answer
FREED_S = 3.0  # the driver lags behind too, by up to 1.5 s
LOOK_S = 0.1
ANSWER_S = 15.0  # to a question while it is idle and awake
METRICS_S = 2.0

Measure = Callable[[int], Awaitable[Measured | None]]


class NotSlept(msgspec.Struct, frozen=True, kw_only=True):
    """It is not asleep. `usable`: it was never asked to be, and serves on."""

    failure: Failure
    usable: bool


class Sleeping(Protocol):
    """Puts engines to sleep and wakes them; the tests have another."""

    async def fall_asleep(self, target: Target, level: int) -> Slept | NotSlept:
        """Return when it sleeps and its memory is free, or say why it does not."""
        ...

    async def wake(self, target: Target, slept: Slept, limit_s: float) -> Failure | None:
        """Return None when it answers as it did before, or why it does not."""
        ...


class HttpSleeping:
    """The real one: over HTTP, with the process group's memory measured."""

    def __init__(self, measure: Measure, *, limit_s: float = SLEEP_LIMIT_S) -> None:
        self._measure = measure
        self._limit_s = limit_s

    async def fall_asleep(self, target: Target, level: int) -> Slept | NotSlept:
        """See `Sleeping`."""
        why = await _works(target)
        if why:  # 1
            return _serves_on("sleep-busy", why)
        said = await first_answer(target, ANSWER_S)
        if said is None:  # 2
            return _serves_on("sleep-unprovable", "it answers no question it could be proved by")
        before = await self._measure(target.process_group)
        if before is None or not to_free(before):  # 3
            return _serves_on("sleep-unmeasurable", "it holds no memory that could be measured")
        began = time.monotonic()
        for post in sleep_routes.to_sleep(target.kind, level):  # 4
            answer = await _send(target, post, self._limit_s)
            if answer is None or not answer.ok:
                never_asked = answer is not None and answer.status in (404, 405)
                return _not_slept("sleep-refused", _said(post, answer), usable=never_asked)
        return await self._measured(target, level, before, said, began)  # 5

    async def _measured(
        self, target: Target, level: int, before: Measured, said: Said, began: float
    ) -> Slept | NotSlept:
        asked = time.monotonic()
        while True:
            after = await self._measure(target.process_group) or before
            why = why_not_asleep(before, after)
            if not why:
                return _slept(level, before, after, said, time.monotonic() - began)
            if time.monotonic() - asked > FREED_S:
                reason = f"it says that it sleeps, but {why}"
                return _not_slept("sleep-freed-nothing", reason, usable=False)
            await asyncio.sleep(LOOK_S)

    async def wake(self, target: Target, slept: Slept, limit_s: float) -> Failure | None:
        """See `Sleeping`."""
        deadline = time.monotonic() + limit_s
        for post in sleep_routes.to_wake(target.kind, slept.level, target.model):  # 1, 2, 3
            answer = await _send(target, post, deadline - time.monotonic())
            if time.monotonic() >= deadline:
                return _too_slow(limit_s)
            if answer is None or not answer.ok or _in_vain(answer):
                return Failure(reason=_said(post, answer), code="wake-refused")
        said = await answer_on(target, slept.probe, max(0.0, deadline - time.monotonic()))  # 4
        if said is None:
            return _too_slow(limit_s) if time.monotonic() >= deadline else _silent(slept)
        if said != slept.answer:
            reason = f"it says {said[:80]!r} where it said {slept.answer[:80]!r} before it slept"
            return Failure(reason=reason, code="wake-gibberish")
        return None


async def _works(target: Target) -> str:
    """What keeps it from sleeping, as a sentence; one that does not even answer is no idle one."""
    deadline = time.monotonic() + IDLE_S
    while True:
        answer = await ask(target.port, "/metrics", timeout_s=METRICS_S, key=target.api_key)
        why = "it does not say whether it still works on requests"
        if answer is not None:
            text = answer.body.decode("utf-8", "replace") if answer.ok else ""
            busy = sleep_routes.in_flight(text)
            why = f"it still works on {busy} request(s)" if busy else ""
        if not why or time.monotonic() >= deadline:
            return why
        await asyncio.sleep(LOOK_S)


async def _send(target: Target, post: Post, timeout_s: float) -> Answer | None:
    return await ask(
        target.port,
        post.path,
        timeout_s=max(0.0, timeout_s),
        key=target.api_key,
        body=post.encoded,
    )


def _in_vain(answer: Answer) -> bool:
    """vLLM answers 200 also when its cache could not be reset."""
    return b'"success":false' in answer.body.replace(b" ", b"")


def _slept(level: int, before: Measured, after: Measured, said: Said, seconds: float) -> Slept:
    return Slept(
        level=level,
        seconds=seconds,
        device_bytes_freed=device_bytes(before) - device_bytes(after),
        host_bytes_freed=before.host - after.host,
        device_bytes=device_bytes(after),
        host_bytes=after.host,
        probe=said.path,
        answer=said.answer,
    )


def _said(post: Post, answer: Answer | None) -> str:
    if answer is None:
        return f"{post.path} was not answered in time"
    return f"{post.path} answers {answer.status} {answer.body[:200].decode('utf-8', 'replace')}"


def _serves_on(code: str, reason: str) -> NotSlept:
    return _not_slept(code, reason, usable=True)


def _not_slept(code: str, reason: str, *, usable: bool) -> NotSlept:
    return NotSlept(failure=Failure(reason=reason, code=code), usable=usable)


def _too_slow(limit_s: float) -> Failure:
    return Failure(reason=f"it was not awake within {limit_s:.0f} s", code="wake-timeout")


def _silent(slept: Slept) -> Failure:
    return Failure(reason=f"{slept.probe} has no answer any more", code="wake-silent")
