"""Joins what the proxy saw with what LiteLLM counted, and hands on one fact for each request.

A stream whose client did not ask for usage carries none, and a client that leaves takes its counts
with it; LiteLLM knows both. Such a fact is held until the report comes, or for a moment. Everything
else goes on at once, so a LiteLLM that says nothing delays nothing that is known.
"""

import asyncio
from collections.abc import Callable

import msgspec

from events.facts.usage import RequestFinished

HOLD_S = 3.0  # LiteLLM reports within milliseconds of the last byte
EARLY_KEPT = 1000  # reports that came before the request was done, or that nobody misses


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What LiteLLM counted for one call; estimated when its client had left."""

    request_id: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None


class UsageLedger:
    """`finished` is the proxy's, `reported` the gateway's; loop-bound."""

    def __init__(self, finished: Callable[[RequestFinished], None], hold_s: float = HOLD_S) -> None:
        self._hand_on = finished
        self._hold_s = hold_s
        self._held: dict[str, tuple[RequestFinished, asyncio.TimerHandle]] = {}
        self._early: dict[str, UsageReport] = {}

    def finished(self, fact: RequestFinished) -> None:
        """The request has ended; it is handed on now or in a moment, once."""
        early = self._early.pop(fact.request_id, None)
        if not _misses_counts(fact):
            self._hand_on(fact)
        elif early is not None:
            self._hand_on(_joined(fact, early))
        else:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(self._hold_s, self._give_up, fact.request_id)
            self._held[fact.request_id] = (fact, timer)

    def reported(self, report: UsageReport) -> None:
        """LiteLLM tells what a call used."""
        held = self._held.pop(report.request_id, None)
        if held is not None:
            fact, timer = held
            timer.cancel()
            self._hand_on(_joined(fact, report))
            return
        self._early[report.request_id] = report
        if len(self._early) > EARLY_KEPT:
            del self._early[next(iter(self._early))]

    def flush(self) -> None:
        """Hand on everything that is held: the studio stops."""
        for request_id in tuple(self._held):
            self._give_up(request_id)

    def _give_up(self, request_id: str) -> None:
        fact, timer = self._held.pop(request_id)
        timer.cancel()
        self._hand_on(fact)


def _misses_counts(fact: RequestFinished) -> bool:
    return fact.lane == "gateway" and fact.completion_tokens is None and fact.ttft_ms is not None


def _joined(fact: RequestFinished, report: UsageReport) -> RequestFinished:
    return msgspec.structs.replace(
        fact,
        prompt_tokens=report.prompt_tokens if fact.prompt_tokens is None else fact.prompt_tokens,
        completion_tokens=report.completion_tokens,
        cached_tokens=report.cached_tokens if fact.cached_tokens is None else fact.cached_tokens,
        cost=(report.cost or None) if fact.cost is None else fact.cost,
    )
