"""What went through our door, in the last seconds and since the start."""

import msgspec

from core.monitoring.exposition import used
from core.monitoring.totals import Totals
from events.facts import RequestFinished


class Clock:
    """Stands still until told otherwise."""

    seconds = 100.0

    def now(self) -> int:
        """Unused here."""
        return 0

    def monotonic(self) -> float:
        """The test's time."""
        return self.seconds


DONE = RequestFinished(
    request_id="r", path="/v1/chat/completions", model="a", recipe_id="a", engine_id="e",
    actor="api", lane="gateway", outcome="ok", status=200, stream=True, prompt_tokens=10,
    completion_tokens=50, wait_ms=400.0, ttft_ms=500.0, duration_ms=900.0,
)  # fmt: skip


def test_requests_and_tokens_are_counted_for_each_recipe() -> None:
    """By outcome and direction; a request nobody answered counts under no recipe."""
    totals = Totals(Clock())
    totals.add(DONE)
    totals.add(msgspec.structs.replace(DONE, recipe_id=None, outcome="rejected"))
    assert totals.requests == {("a", "ok"): 1, ("none", "rejected"): 1}
    assert totals.tokens["a", "out"] == 50


def test_what_requests_cost_drew_and_were_spared_is_told_to_prometheus() -> None:
    """The tokens of an answer from the cache are nobody's work; what is not known is absent."""
    totals = Totals(Clock())
    totals.add(msgspec.structs.replace(DONE, cost=0.5, energy_j=20.0))
    totals.add(msgspec.structs.replace(DONE, cache="hit", cost=0.0))
    totals.add(msgspec.structs.replace(DONE, recipe_id="b"))
    assert totals.tokens["a", "out"] == 50
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in used(totals, "EUR")
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert told == {
        ("vllm_studio_cost_total", "a", "EUR"): 0.5,
        ("vllm_studio_energy_joules_total", "a"): 20.0,
        ("vllm_studio_requests_cached_total", "a", "hit"): 1.0,
    }


def test_the_pace_is_that_of_the_last_ten_seconds() -> None:
    """What is older is forgotten, and nothing is shown where nothing happened."""
    clock = Clock()
    totals = Totals(clock)
    totals.add(DONE)
    assert totals.generation_tps("a") == 5.0
    assert totals.requests_per_s() == 0.1
    clock.seconds += 11
    assert totals.generation_tps("a") is None
    assert totals.requests_per_s() == 0.0


def test_the_time_to_the_first_token_is_that_of_streams_without_the_wait() -> None:
    """A whole answer has no first token, and waiting for a load is told elsewhere."""
    totals = Totals(Clock())
    totals.add(msgspec.structs.replace(DONE, stream=False, ttft_ms=9000.0))
    assert totals.ttft_p50_ms("a") is None
    totals.add(DONE)
    assert totals.ttft_p50_ms("a") == 100.0
