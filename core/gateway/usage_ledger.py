"""Joins what the proxy saw with what LiteLLM counted, and hands on one fact for each request.

A stream whose client did not ask for usage carries none, and a client that leaves takes its counts
with it; LiteLLM knows both. Such a fact is held until the report comes, or for a moment. Everything
else goes on at once, so a LiteLLM that says nothing delays nothing that is known.

What is held is told to `hold`, which keeps it where a killed process does not lose it; at the next
start it comes back with `resume`, and LiteLLM, if it lived on, still has its report.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from core.recipes.recipe import Price
from core.usage.cost import cost_at, energy_cost_at
from events.facts.usage import RequestFinished

HOLD_S = 1.0  # LiteLLM reports within milliseconds of the last byte
RESUME_S = 15.0  # after a start: until LiteLLM was found again and its reports were fetched
EARLY_KEPT = 10_000  # reports that came before the request was done, or that nobody misses
LEFT = ("client_gone", "cancelled")  # the rest of the answer was never counted by its engine


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What LiteLLM counted for one call; estimated when its client had left."""

    request_id: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class UsageLedger:
    """`finished` is the proxy's, `reported` the gateway's; loop-bound."""

    def __init__(
        self,
        finished: Callable[[RequestFinished], None],
        *,
        hold: Callable[[RequestFinished], None] = lambda fact: None,
        price_of: Callable[[str], Price | None] = lambda recipe_id: None,
        price_per_kwh: Callable[[], float] = lambda: 0.0,
        hold_s: float = HOLD_S,
    ) -> None:
        """`price_of` gives a recipe's prices, for counts that come late."""
        self._hand_on = finished
        self._hold = hold
        self._price_of = price_of
        self._price_per_kwh = price_per_kwh
        self._hold_s = hold_s
        self._held: dict[str, tuple[RequestFinished, asyncio.TimerHandle]] = {}
        self._early: dict[str, UsageReport] = {}

    def finished(self, fact: RequestFinished) -> None:
        """The request has ended; it is handed on now or in a moment, once."""
        if fact.energy_j is not None and fact.energy_cost is None:
            cost = energy_cost_at(self._price_per_kwh(), fact.energy_j)
            fact = msgspec.structs.replace(fact, energy_cost=cost)
        if fact.lane != "gateway" or not _misses_counts(fact):
            if self._early:
                self._early.pop(fact.request_id, None)
            self._hand_on(fact)
        elif not self._is_joined(fact):
            self._hold(fact)
            self._wait_for(fact, self._hold_s)

    def resume(self, facts: Iterable[RequestFinished]) -> None:
        """Requests that an earlier run held when it was killed."""
        for fact in facts:
            if not self._is_joined(fact):
                self._wait_for(fact, RESUME_S)

    def reported(self, report: UsageReport) -> None:
        """LiteLLM tells what a call used."""
        held = self._held.get(report.request_id)
        if held is not None:
            fact, timer = held
            if _tells_of_who_failed(fact, report):
                return
            del self._held[report.request_id]
            timer.cancel()
            self._hand_on(self._joined(fact, report))
            return
        before = self._early.get(report.request_id)
        if before is not None and before.completion_tokens and not report.completion_tokens:
            return  # the call that failed, told after the one that went well
        self._early[report.request_id] = report
        if len(self._early) > EARLY_KEPT:
            del self._early[next(iter(self._early))]

    def flush(self) -> None:
        """Hand on everything that is held: the studio stops."""
        for request_id in tuple(self._held):
            self._give_up(request_id)

    def _is_joined(self, fact: RequestFinished) -> bool:
        """Hand it on with its report, when that has come before."""
        early = self._early.pop(fact.request_id, None)
        if early is None or _tells_of_who_failed(fact, early):
            return False
        self._hand_on(self._joined(fact, early))
        return True

    def _wait_for(self, fact: RequestFinished, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(seconds, self._give_up, fact.request_id)
        self._held[fact.request_id] = (fact, timer)

    def _give_up(self, request_id: str) -> None:
        fact, timer = self._held.pop(request_id)
        timer.cancel()
        self._hand_on(fact)

    def _joined(self, fact: RequestFinished, report: UsageReport) -> RequestFinished:
        """The fact with what LiteLLM counted; money by the one rule, whoever counted."""
        prompt = _first(fact.prompt_tokens, report.prompt_tokens)
        cached = _first(fact.cached_tokens, report.cached_tokens)
        completion = report.completion_tokens
        price = self._price_of(fact.recipe_id) if fact.recipe_id else None
        return msgspec.structs.replace(
            fact,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cached_tokens=cached,
            reasoning_tokens=_first(fact.reasoning_tokens, report.reasoning_tokens),
            counted="" if completion is None else _who_counted(fact),
            cost=fact.cost if price is None else cost_at(price, prompt, completion, cached),
        )


def _tells_of_who_failed(fact: RequestFinished, report: UsageReport) -> bool:
    """Both models that were asked for a request report under its id; the first made nothing."""
    return fact.fell_back_from is not None and not report.completion_tokens


def _misses_counts(fact: RequestFinished) -> bool:
    """Of one that went through LiteLLM."""
    return fact.completion_tokens is None and fact.ttft_ms is not None and not fact.cache


def _who_counted(fact: RequestFinished) -> str:
    return "estimated" if fact.outcome in LEFT else "gateway"


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
