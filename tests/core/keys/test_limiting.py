"""The limits as the studio runs them: breaches in the log, and what is known after a start."""

from pathlib import Path

import pytest

from core.keys.breaches import Breaches
from core.keys.desk import KeyDesk, stream_of
from core.keys.errors import BudgetSpent
from core.keys.keyring import KeyRing
from core.keys.limiting import KeyLimiting
from core.settings import Paths
from core.usage.remembered import Remembered
from core.usage_log import UsageLog
from events.facts import KeyLimitReached
from events.facts.key import KeyLimits
from events.projections import ALL
from events.store import EventStore
from tests.core.keys.conftest import Clock
from tests.core.keys.requests import CHAT, finished


async def test_a_budget_that_was_told_of_is_not_told_of_again_after_a_start(
    home: Path, clock: Clock
) -> None:
    """But another limit is, and the same in the next month."""
    budget = KeyLimitReached(key_id="1", name="k", limit="budget_month", allowed=5.0)
    rate = KeyLimitReached(key_id="1", name="k", limit="requests", allowed=5.0)
    store = EventStore.open(home / "main.db", projections=ALL, now=clock.now)
    for days in (0, 2, 20):
        clock.pass_by(days * 86400)
        breaches = Breaches(store=store, clock=clock)
        breaches(budget)
        breaches(rate)
        await breaches.close()
    told = [one.event for one in store.read_stream(stream_of("1"))]
    assert told.count(budget) == 2
    assert told.count(rate) == 3
    store.close()


async def test_after_a_start_the_log_is_what_counts(
    store: EventStore, ring: KeyRing, desk: KeyDesk, clock: Clock, home: Path
) -> None:
    """The last minute's requests and the money of today and this month are counted again."""
    limits = KeyLimits(requests_per_minute=5, budget_day=3.0)
    key_id = (await desk.issue("k", actor="cli", limits=limits)).key.key_id
    usage = UsageLog(paths=Paths(home), clock=clock)
    await usage.open()
    usage.finished(finished(key_id, "yesterday", cost=9.0))
    await usage.close()
    clock.pass_by(86400)
    usage = UsageLog(paths=Paths(home), clock=clock)
    await usage.open()
    usage.finished(finished(key_id, "priced", cost=2.0, energy_cost=0.5))
    usage.finished(finished(key_id, "owned", recipe_id="mine", energy_cost=1.0))
    await usage.close()
    clock.pass_by(5)
    limiting = KeyLimiting(
        store=store, ring=ring, clock=clock, names_of=lambda name: (), redis_url=None
    )
    await limiting.restore(Remembered(UsageLog(paths=Paths(home), clock=clock)))
    used = limiting.gate.use(key_id)
    assert (used.requests, used.tokens) == (2, 60)
    assert (used.spent_day, used.spent_month) == (3.0, 12.0)
    with pytest.raises(BudgetSpent):
        await limiting.gate.enter(key_id, "next", CHAT)
    await limiting.close()
