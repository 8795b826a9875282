"""One fact for each request, with the counts that somebody knows."""

import asyncio

import msgspec

from core.gateway.usage_ledger import UsageLedger, UsageReport
from events.facts.usage import RequestFinished
from tests.core.gateway.virtual_time import run

STREAM = RequestFinished(
    request_id="r", path="/v1/chat/completions", model="a", recipe_id="a", engine_id="e",
    actor="api", lane="gateway", outcome="ok", status=200, stream=True, ttft_ms=5.0,
)  # fmt: skip
COUNTED = msgspec.structs.replace(STREAM, prompt_tokens=1, completion_tokens=2)
REPORT = UsageReport(request_id="r", prompt_tokens=4, completion_tokens=5, cost=0.25)


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
            ledger = UsageLedger(facts.append)
            told = [
                lambda led=ledger: led.finished(STREAM),
                lambda led=ledger: led.reported(REPORT),
            ]
            for tell in reversed(told) if early else told:
                tell()
            assert [(f.prompt_tokens, f.completion_tokens, f.cost) for f in facts] == [(4, 5, 0.25)]

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
    for number in range(3000):
        ledger.reported(msgspec.structs.replace(REPORT, request_id=str(number)))
    assert len(ledger._early) == 1000
