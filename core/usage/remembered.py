"""What the limits of keys must know of earlier requests after a start (`core.keys.limiting`)."""

from core.usage_log import UsageLog
from events.facts import RequestFinished
from events.projections.request_log import RequestFilter
from events.projections.usage_sums import UsageQuery

PAGE = 1000


class Remembered:
    """Reads it from the book of requests."""

    def __init__(self, usage: UsageLog) -> None:
        self._usage = usage

    async def since(self, moment: int) -> list[tuple[int, RequestFinished]]:
        """The requests that ended since then (µs), each with its moment, newest first."""
        found: list[tuple[int, RequestFinished]] = []
        before: str | None = None
        while True:
            wanted = RequestFilter(since=moment)
            page = await self._usage.page(wanted, before=before, limit=PAGE)
            found += ((one.finished_at, one.request) for one in page.requests)
            before = page.next
            if before is None:
                return found

    async def spent_by_key(self, since: int) -> dict[str, float]:
        """The money of each key since the hour of that moment (µs): tokens, else energy.

        Recipe by recipe, for some have prices and some have none.
        """
        usage = await self._usage.usage(UsageQuery(by=("key", "recipe"), since=since))
        spent: dict[str, float] = {}
        for one in usage.sums:
            if key_id := str(one.group[0] or ""):
                money = one.sums.get("cost", 0.0) or one.sums.get("energy_cost", 0.0)
                spent[key_id] = spent.get(key_id, 0.0) + money
        return spent
