"""An engine's own numbers, read from its `/metrics`; vLLM's and SGLang's names side by side."""

import urllib.request
from collections.abc import Iterable, Mapping

import msgspec
from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 2.0

# Ours: (vLLM's name, SGLang's name). Several series of one name are added up.
SUMS: dict[str, tuple[str, ...]] = {
    "running": ("vllm:num_requests_running", "sglang:num_running_reqs"),
    "waiting": ("vllm:num_requests_waiting", "sglang:num_queue_reqs"),
    "generation_total": ("vllm:generation_tokens_total", "sglang:generation_tokens_total"),
    "prompt_total": ("vllm:prompt_tokens_total", "sglang:prompt_tokens_total"),
    "kv_cache": ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"),
    "prefix_hits": ("vllm:prefix_cache_hits_total",),
    "prefix_queries": ("vllm:prefix_cache_queries_total",),
}
TTFT = ("vllm:time_to_first_token_seconds_bucket", "sglang:time_to_first_token_seconds_bucket")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One scrape. Totals only grow; None is what the engine does not tell."""

    at: float  # monotonic seconds
    running: float | None = None
    waiting: float | None = None
    generation_total: float | None = None
    prompt_total: float | None = None
    kv_cache: float | None = None  # 0 to 1
    prefix_hits: float | None = None
    prefix_queries: float | None = None
    ttft_buckets: tuple[tuple[float, float], ...] = ()  # (upper bound in s, cumulative count)


class EngineSample(msgspec.Struct, frozen=True, kw_only=True):
    """What happened between two scrapes, for the dashboard."""

    generation_tps: float | None = None
    prompt_tps: float | None = None
    running: float | None = None
    waiting: float | None = None
    kv_cache: float | None = None  # 0 to 1
    ttft_p50_ms: float | None = None
    prefix_hits: float | None = None  # 0 to 1


def scrape(host: str, port: int, api_key: str | None) -> str | None:
    """The text of `/metrics`, or None when the engine has none or does not answer in time."""
    request = urllib.request.Request(f"http://{host}:{port}/metrics")  # loopback
    if api_key:
        request.add_header("authorization", f"Bearer {api_key}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return str(answer.read().decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def parse(text: str, at: float) -> Reading:
    """The numbers we show, out of everything an engine exposes."""
    sums: dict[str, float] = {}
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in TTFT:
                bound = float(sample.labels.get("le", "inf"))
                buckets[bound] = buckets.get(bound, 0.0) + sample.value
            else:
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    found = {ours: first_of(sums, names) for ours, names in SUMS.items()}
    return Reading(at=at, ttft_buckets=tuple(sorted(buckets.items())), **found)


def between(before: Reading | None, now: Reading) -> EngineSample:
    """Rates and shares since the last scrape; None where there is nothing to tell."""
    before = before or Reading(at=now.at)
    elapsed = now.at - before.at
    return EngineSample(
        generation_tps=rate(before.generation_total, now.generation_total, elapsed),
        prompt_tps=rate(before.prompt_total, now.prompt_total, elapsed),
        running=now.running,
        waiting=now.waiting,
        kv_cache=now.kv_cache,
        ttft_p50_ms=median_ms(before.ttft_buckets, now.ttft_buckets),
        prefix_hits=share(now.prefix_hits, now.prefix_queries),
    )


def rate(before: float | None, now: float | None, elapsed: float) -> float | None:
    """Per second; a counter that went back belongs to a restarted engine and tells nothing."""
    if before is None or now is None or elapsed <= 0 or now < before:
        return None
    return (now - before) / elapsed


def share(part: float | None, whole: float | None) -> float | None:
    """`part` of `whole`, 0 to 1."""
    return part / whole if part is not None and whole else None


def median_ms(
    before: Iterable[tuple[float, float]], now: Iterable[tuple[float, float]]
) -> float | None:
    """The upper bound of the bucket that holds the median of what came since `before`; ms."""
    old = dict(before)
    fresh = [(bound, count - old.get(bound, 0.0)) for bound, count in now]
    total = max((count for _, count in fresh), default=0.0)
    if total <= 0:
        return None
    half = next(bound for bound, count in fresh if count >= total / 2)
    return None if half == float("inf") else half * 1000


def first_of(sums: Mapping[str, float], names: Iterable[str]) -> float | None:
    """The value of the first name that the engine knows."""
    return next((sums[name] for name in names if name in sums), None)
