"""An engine's numbers as the dashboard shows them."""

from core.monitoring.engine_metrics import Reading, between, parse

VLLM = """
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="tiny"} 2.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="tiny"} 1.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="tiny"} 0.38
# TYPE vllm:generation_tokens counter
vllm:generation_tokens_total{engine="0",model_name="tiny"} 100.0
vllm:generation_tokens_total{engine="1",model_name="tiny"} 20.0
# TYPE vllm:prompt_tokens counter
vllm:prompt_tokens_total{engine="0",model_name="tiny"} 40.0
# TYPE vllm:prefix_cache_queries counter
vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 40.0
# TYPE vllm:prefix_cache_hits counter
vllm:prefix_cache_hits_total{engine="0",model_name="tiny"} 10.0
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.1",model_name="tiny"} 1.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.25",model_name="tiny"} 4.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="tiny"} 5.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="tiny"} 5.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="tiny"} 1.0
"""


def test_vllm_is_understood() -> None:
    """Gauges as they are, counters of several engines added up."""
    reading = parse(VLLM, at=10.0)
    assert (reading.running, reading.waiting, reading.kv_cache) == (2.0, 1.0, 0.38)
    assert reading.generation_total == 120.0


def test_rates_come_from_two_readings() -> None:
    """Tokens per second between scrapes; shares and the median as they stand."""
    before = Reading(at=8.0, generation_total=20.0, prompt_total=0.0)
    sample = between(before, parse(VLLM, at=10.0))
    assert sample.generation_tps == 50.0
    assert sample.prompt_tps == 20.0
    assert sample.prefix_hits == 0.25
    assert sample.ttft_p50_ms == 250.0


def test_the_first_reading_has_no_rates() -> None:
    """Nothing is made up where there is nothing to compare."""
    assert between(None, parse(VLLM, at=10.0)).generation_tps is None


def test_a_restarted_engine_is_no_negative_rate() -> None:
    """A counter that went back tells nothing."""
    before = Reading(at=8.0, generation_total=9999.0)
    assert between(before, parse(VLLM, at=10.0)).generation_tps is None


def test_an_engine_that_tells_nothing_shows_nothing() -> None:
    """A server without these metrics gives None, not zero."""
    sample = between(None, parse("# nothing\n", at=1.0))
    assert (sample.running, sample.kv_cache, sample.ttft_p50_ms) == (None, None, None)
