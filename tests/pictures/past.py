"""Two weeks of somebody's work with a studio, as events: keys, and what was asked with them."""

import math
import random
import time
from itertools import groupby

from core.keys.secret import digest_of, prefix_of
from core.settings import Paths
from events.envelope import uuid7
from events.facts import KeyIssued, KeyLimitsSet, RequestFinished
from events.facts.key import KeyLimits
from events.projections import ALL, USAGE
from events.store import EventStore

DAYS = 14
HOUR_US = 3600 * 1_000_000
MODELS = {"qwen3-32b": 0.5, "gemma-3-27b": 0.3, "mistral-small": 0.15, "demo": 0.05}
KEYS = {
    "notebook": KeyLimits(requests_per_minute=60, tokens_per_minute=40_000, budget_day=2.0),
    "editor plugin": KeyLimits(requests_per_minute=120, parallel=4),
    "nightly evaluation": KeyLimits(budget_month=40.0, parallel=8),
    "colleagues": KeyLimits(requests_per_minute=30, tokens_per_minute=20_000),
}


class Then:
    """A clock that stands where it is put."""

    moment = 0

    def __call__(self) -> int:
        """Microseconds since the epoch."""
        return self.moment


def write_past(paths: Paths) -> None:
    """Into a home that no app has opened yet."""
    then = Then()
    begin = (time.time_ns() // 1000 // HOUR_US - 24 * DAYS) * HOUR_US
    then.moment = begin
    paths.main_db.parent.mkdir(parents=True, exist_ok=True)
    store = EventStore.open(paths.main_db, projections=ALL, now=then)
    try:
        for number, (name, limits) in enumerate(KEYS.items()):
            key, secret = f"key{number}", f"sk-studio-{number:032d}"
            issued = KeyIssued(
                key_id=key, name=name, prefix=prefix_of(secret), digest=digest_of(secret.encode())
            )
            limited = KeyLimitsSet(key_id=key, name=name, limits=limits)
            store.append_now(f"key-{key}", [issued, limited], actor="window")
    finally:
        store.close()
    hours = [begin + hour * HOUR_US for hour in range(24 * DAYS)]
    chance = random.Random(7)
    for month, moments in groupby(hours, key=lambda one: _day(one)[:7]):
        usage = EventStore.open(paths.usage_db(f"{month}-01"), projections=USAGE, now=then)
        try:
            for moment in moments:
                then.moment = moment
                asked = [_request(chance, moment) for _ in range(_busy(chance, moment))]
                if asked:
                    usage.append_now(f"usage-{_day(moment)}", asked, actor="api")
        finally:
            usage.close()


def _day(moment: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment / 1e6))


def _busy(chance: random.Random, moment: int) -> int:
    """How many requests an hour has: few at night, fewer at weekends."""
    told = time.gmtime(moment / 1e6)
    daylight = max(0.0, math.sin((told.tm_hour - 6) / 14 * math.pi))
    week = 0.3 if told.tm_wday >= 5 else 1.0
    return int(60 * daylight * week * chance.uniform(0.5, 1.2)) + chance.randrange(3)


def _request(chance: random.Random, at: int) -> RequestFinished:
    model = chance.choices(list(MODELS), list(MODELS.values()))[0]
    actor = chance.choices(
        ["key:key0", "key:key1", "key:key2", "key:key3", "window"], [5, 6, 3, 2, 1]
    )
    tokens, prompt = int(chance.expovariate(1 / 220)) + 12, int(chance.expovariate(1 / 900)) + 30
    ttft, itl = 60 + chance.expovariate(1 / 110), chance.uniform(14, 26)
    ended = chance.choices(["ok", "client_gone", "error"], [0.97, 0.02, 0.01])[0]
    return RequestFinished(
        request_id=uuid7(at),
        path="/v1/chat/completions",
        model=model,
        recipe_id=model,
        engine_id=f"engine-{model}",
        actor=actor[0],
        lane="direct" if chance.random() < 0.7 else "gateway",
        outcome=ended,
        status=500 if ended == "error" else 200,
        stream=True,
        prompt_tokens=prompt,
        completion_tokens=tokens,
        cached_tokens=int(prompt * chance.uniform(0.2, 0.8)),
        counted="engine",
        ttft_ms=ttft,
        itl_ms=itl,
        duration_ms=ttft + tokens * itl,
        cost=(prompt * 0.2 + tokens * 0.8) / 1e6,
    )
