"""One fact for each request, with the counts that somebody knows."""

import asyncio
from itertools import permutations

import msgspec

from core.gateway.usage_ledger import RESUME_S, UsageLedger, UsageReport
from core.recipes.recipe import Price
from events.facts.usage import RequestFinished
from tests.core.gateway.virtual_time import run

STREAM = RequestFinished(
    request_id="r", path="/v1/chat/completions", model="a", recipe_id="a", engine_id="e",
    actor="api", lane="gateway", outcome="ok", status=200, stream=True, ttft_ms=5.0,
)  # fmt: skip
COUNTED = msgspec.structs.replace(STREAM, prompt_tokens=1, completion_tokens=2)
REPORT = UsageReport(
    request_id="r", prompt_tokens=4, completion_tokens=5, cached_tokens=3, reasoning_tokens=2
)
PRICE = Price(input_per_million=1e6, output_per_million=2e6, cached_input_per_million=0.5e6)


def test_known_counts_go_on_at_once() -> None:
    """Nothing that is known waits for LiteLLM."""
    facts: list[RequestFinished] = []
    UsageLedger(facts.append).finished(COUNTED)
    assert facts == [COUNTED]


def test_a_refused_request_waits_for_nothing() -> None:
    """Nobody will report on it."""
    facts: list[RequestFinished] = []
    refused = msgspec.structs.replace(STREAM, lane="none", ttft_ms=None, outcome="rejected")
    UsageLedger(facts.append).finished(refused)
    assert facts == [refused]


def test_missing_counts_come_from_the_report() -> None:
    """Whether it comes after the request ended or before."""

    async def scenario() -> None:
        for early in (False, True):
            facts: list[RequestFinished] = []
            ledger = UsageLedger(facts.append, price_of=lambda recipe_id: PRICE)
            told = [
                lambda led=ledger: led.finished(STREAM),
                lambda led=ledger: led.reported(REPORT),
            ]
            for tell in reversed(told) if early else told:
                tell()
            (fact,) = facts
            assert (fact.prompt_tokens, fact.completion_tokens, fact.cached_tokens) == (4, 5, 3)
            assert (fact.reasoning_tokens, fact.counted) == (2, "gateway")
            assert fact.cost == 1 + 3 * 0.5 + 5 * 2

    run(scenario())


def test_what_a_model_reports_that_failed_is_not_what_its_stand_in_used() -> None:
    """In whichever order the two reports and the end come; both carry the request's id."""
    fell_back = msgspec.structs.replace(STREAM, fell_back_from="b")
    nothing = UsageReport(request_id="r", prompt_tokens=0, completion_tokens=0)

    async def scenario() -> None:
        for order in permutations(("failed", "well", "end")):
            facts: list[RequestFinished] = []
            ledger = UsageLedger(facts.append)
            for told in order:
                match told:
                    case "failed":
                        ledger.reported(nothing)
                    case "well":
                        ledger.reported(REPORT)
                    case "end":
                        ledger.finished(fell_back)
            assert [fact.completion_tokens for fact in facts] == [5], order

    run(scenario())


def test_a_stand_in_that_nobody_reports_on_is_recorded_all_the_same() -> None:
    """Without counts, for nobody knows them; not as one that used nothing."""
    fell_back = msgspec.structs.replace(STREAM, fell_back_from="b")

    async def scenario() -> None:
        facts: list[RequestFinished] = []
        ledger = UsageLedger(facts.append)
        ledger.reported(UsageReport(request_id="r", prompt_tokens=0, completion_tokens=0))
        ledger.finished(fell_back)
        await asyncio.sleep(2)
        assert facts == [fell_back]

    run(scenario())


def test_without_a_report_the_fact_goes_on_as_it_is() -> None:
    """A LiteLLM that died tells nothing; the request is recorded all the same, once."""

    async def scenario() -> None:
        facts: list[RequestFinished] = []
        ledger = UsageLedger(facts.append, hold_s=3.0)
        ledger.finished(STREAM)
        await asyncio.sleep(2.9)
        assert facts == []
        await asyncio.sleep(0.2)
        ledger.reported(REPORT)
        ledger.flush()
        assert facts == [STREAM]

    run(scenario())


def test_what_waits_is_kept_where_a_kill_does_not_lose_it() -> None:
    """And nothing else is: only what waits costs a write."""

    async def scenario() -> None:
        held: list[RequestFinished] = []
        ledger = UsageLedger(lambda fact: None, hold=held.append)
        ledger.finished(COUNTED)
        assert held == []
        ledger.finished(STREAM)
        assert held == [STREAM]
        ledger.flush()

    run(scenario())


def test_after_a_kill_the_report_of_a_gateway_that_lived_on_is_still_joined() -> None:
    """Whether it is fetched before or after; without one the request is written all the same."""

    async def scenario() -> None:
        other = msgspec.structs.replace(STREAM, request_id="s")
        facts: list[RequestFinished] = []
        ledger = UsageLedger(facts.append)
        ledger.reported(REPORT)
        ledger.resume([STREAM, other])
        assert [fact.completion_tokens for fact in facts] == [5]
        await asyncio.sleep(RESUME_S + 0.1)
        assert [fact.request_id for fact in facts] == ["r", "s"]

    run(scenario())


def test_counts_of_an_answer_nobody_read_to_its_end_are_estimates() -> None:
    """LiteLLM guesses them from what had gone out."""

    async def scenario() -> None:
        facts: list[RequestFinished] = []
        ledger = UsageLedger(facts.append)
        ledger.finished(msgspec.structs.replace(STREAM, outcome="client_gone"))
        ledger.reported(REPORT)
        assert [fact.counted for fact in facts] == ["estimated"]

    run(scenario())


def test_energy_costs_what_the_settings_say() -> None:
    """Nothing where there is no price or no reading."""
    facts: list[RequestFinished] = []
    drew = msgspec.structs.replace(COUNTED, energy_j=3.6e6)
    UsageLedger(facts.append, price_per_kwh=lambda: 0.25).finished(drew)
    UsageLedger(facts.append).finished(drew)
    UsageLedger(facts.append, price_per_kwh=lambda: 0.25).finished(COUNTED)
    assert [fact.energy_cost for fact in facts] == [0.25, None, None]


def test_stopping_hands_on_what_is_held() -> None:
    """No record is lost when the app stops."""

    async def scenario() -> None:
        facts: list[RequestFinished] = []
        ledger = UsageLedger(facts.append)
        ledger.finished(STREAM)
        ledger.flush()
        assert facts == [STREAM]

    run(scenario())


def test_reports_that_nobody_misses_are_forgotten_in_time() -> None:
    """Memory stays bounded."""
    ledger = UsageLedger(lambda fact: None)
    for number in range(12_000):
        ledger.reported(msgspec.structs.replace(REPORT, request_id=str(number)))
    assert len(ledger._early) == 10_000
