"""The gate that a named key's requests go through: permissions, limits, budgets.

    demand ─► may this key ask this model?                          403
    enter ──► has it anything left? here, then in Redis if there is  429
    leave, settle ─► its place, its tokens and its money are put right

A request without a key, or with one that has no limits, costs one look-up. A request is counted in
this studio's memory first and without a wait: whoever is refused there is refused, and when Redis
fails, what memory says stands (`shared.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from core.clock import Clock
from core.gateway.body import Body
from core.gateway.calls import key_of
from core.gateway.hooks import Lanes
from core.keys.calendar import US, moment
from core.keys.counters import Counters, Entry
from core.keys.errors import BudgetSpent, Header, ModelForbidden, RateLimited
from core.keys.keyring import KeyRing
from core.keys.limits import counts
from core.keys.scopes import demand_inference
from core.keys.use import Stop, Use, headers_of, headers_with
from core.keys.window import LENGTH_S
from events.facts import KeyLimitReached, RequestFinished
from events.facts.key import LIMIT_WORDS, KeyLimits

ANY = Lanes()
NOT_TOLD = 10_000  # breaches that are remembered at most


class Shared(Protocol):
    """The same counters for several studios, or for one that may crash."""

    async def admit(self, entry: Entry, limits: KeyLimits) -> Use | Stop | None:
        """Count in what was counted in here already. None: it can not tell, so memory decides."""
        ...


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A request that its key's limits let through (`hooks.Pass`)."""

    headers: tuple[Header, ...]


class KeyGate:
    """Implements `core.gateway.hooks.KeyGate`; loop-bound."""

    def __init__(
        self,
        *,
        ring: KeyRing,
        clock: Clock,
        names_of: Callable[[str], tuple[str, ...]] = lambda name: (),
        counters: Counters | None = None,
        shared: Shared | None = None,
        reached: Callable[[KeyLimitReached], None] = lambda fact: None,
    ) -> None:
        """`names_of(name)`: every name of the same recipe, also of one that is not loaded.

        `shared`: further counters over the same `counters`. `reached` is told of a limit that was
        hit, once in its window.
        """
        self._ring = ring
        self._clock = clock
        self._names_of = names_of
        self._counters = counters or Counters(clock)
        self._shared = shared
        self._reached = reached
        self._told: dict[tuple[str, str], float] = {}  # key and limit → not again before

    # what a key may ask

    def demand(self, key_id: str | None, *, name: str, path: bytes) -> None:
        """Raise NotAllowed unless the key may ask this model at this path."""
        if key_id is None:
            return
        limits = self._ring.limits_of(key_id)
        if "inference" not in limits.scopes:
            demand_inference(limits.scopes)
        if limits.models and not self.permits(key_id, name):
            raise ModelForbidden(self._name(key_id), name)

    def permits(self, key_id: str | None, name: str) -> bool:
        """Whether the key may ask this model, by any name of it."""
        if key_id is None:
            return True
        allowed = self._ring.limits_of(key_id).models
        return not allowed or name in allowed or any(n in allowed for n in self._names_of(name))

    def lanes(self, key_id: str | None) -> Lanes:
        """Which lanes its requests may take; the only one that is allowed is preferred."""
        limits = None if key_id is None else self._ring.limits_of(key_id)
        if limits is None or not (limits.lanes or limits.preferred_lane):
            return ANY
        allowed = frozenset(limits.lanes) or ANY.allowed
        only = next(iter(allowed)) if len(allowed) == 1 else None
        return Lanes(allowed=allowed, preferred=limits.preferred_lane or only)

    # how much of it

    @property
    def asks_others(self) -> bool:
        """Whether other studios count too, so that `enter` waits for their word."""
        return self._shared is not None

    def admit(self, key_id: str | None, request_id: str, body: Body) -> Passed | None:
        """Count the request in here, or raise RateLimited. None: the key has no limits."""
        limits = None if key_id is None else self._ring.limits_of(key_id)
        if key_id is None or limits is None or not counts(limits):
            return None
        entry = self._counters.admit(key_id, request_id, limits, body)
        if isinstance(entry, Stop):
            raise self._refusal(key_id, limits, entry)
        return Passed(headers=headers_with(limits, entry.count.window, entry.came_at))

    async def enter(self, key_id: str | None, request_id: str, body: Body) -> Passed | None:
        """The same, and the others are asked where there are any."""
        if self._shared is None:
            return self.admit(key_id, request_id, body)
        limits = None if key_id is None else self._ring.limits_of(key_id)
        if key_id is None or limits is None or not counts(limits):
            return None
        entry = self._counters.admit(key_id, request_id, limits, body)
        if isinstance(entry, Stop):
            raise self._refusal(key_id, limits, entry)
        use = await self._ask_others(entry, limits)
        if isinstance(use, Stop):
            raise self._refusal(key_id, limits, use)
        return Passed(headers=headers_of(limits, use or self._counters.use(key_id)))

    def leave(self, request_id: str) -> None:
        """The request has ended: its place is free."""
        self._counters.leave(request_id)

    def settle(self, fact: RequestFinished) -> None:
        """What the request really used."""
        key_id = key_of(fact.actor)
        if key_id is not None:
            self._counters.settle(
                key_id,
                fact.request_id,
                tokens=tokens_of(fact),
                money=money_of(fact),
                counted=was_let_in(fact),
            )

    def use(self, key_id: str) -> Use:
        """How far a key is, as far as this studio knows."""
        return self._counters.use(key_id)

    # after a start

    def restore(
        self,
        requests: Iterable[tuple[int, RequestFinished]],
        spent: Mapping[str, tuple[float, float]],
    ) -> None:
        """Count again what the log remembers.

        `requests`: of the last minute, each with the moment it was written down (µs). `spent`: the
        money of each key, of today and of this month.
        """
        for recorded_at, fact in requests:
            key_id = key_of(fact.actor)
            if key_id is None or not was_let_in(fact):
                continue
            ended = recorded_at / US
            self._counters.restore(key_id, ended - fact.duration_ms / 1000, requests=1, tokens=0)
            self._counters.restore(key_id, ended, requests=0, tokens=tokens_of(fact) or 0)
        for key_id, (day, month) in spent.items():
            self._counters.restore_spent(key_id, day, month)

    # inside

    async def _ask_others(self, entry: Entry, limits: KeyLimits) -> Use | Stop | None:
        assert self._shared is not None
        try:
            answer = await self._shared.admit(entry, limits)
        except BaseException:  # its client left while it was being asked
            self._counters.undo(entry)
            raise
        if isinstance(answer, Stop):
            self._counters.undo(entry)
        return answer

    def _refusal(self, key_id: str, limits: KeyLimits, stop: Stop) -> RateLimited:
        allowed = allowed_of(limits, stop.limit)
        self._tell(key_id, stop, allowed)
        words = f"{allowed:g} {LIMIT_WORDS[stop.limit]}"
        kind = BudgetSpent if stop.limit.startswith("budget") else RateLimited
        when = {
            "budget_day": f"it begins anew at {moment(self._counters.period.day_ends)}",
            "budget_month": f"it begins anew at {moment(self._counters.period.month_ends)}",
        }.get(stop.limit, f"try again in {stop.retry_after:.1f} s")
        return kind(
            f"The key {self._name(key_id)!r} reached its limit of {words}; {when}",
            limit=stop.limit,
            retry_after=stop.retry_after,
            headers=headers_of(limits, stop.use),
        )

    def _tell(self, key_id: str, stop: Stop, allowed: float) -> None:
        now, at = self._counters.now, (key_id, stop.limit)
        if now < self._told.get(at, 0.0):
            return
        is_budget = stop.limit.startswith("budget")
        if len(self._told) >= NOT_TOLD:
            self._told = {one: until for one, until in self._told.items() if until > now}
        self._told[at] = now + (stop.retry_after if is_budget else LENGTH_S)
        self._reached(
            KeyLimitReached(
                key_id=key_id, name=self._name(key_id), limit=stop.limit, allowed=float(allowed)
            )
        )

    def _name(self, key_id: str) -> str:
        key = self._ring.get(key_id)
        return key.name if key else key_id


def allowed_of(limits: KeyLimits, limit: str) -> float:
    """How much a limit allows."""
    per_minute = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
    allowed = per_minute[limit] if limit in per_minute else getattr(limits, limit)
    return float(allowed or 0)


def was_let_in(fact: RequestFinished) -> bool:
    """Whether it counts as a request: not when it was refused, or ended while it was still read."""
    return fact.outcome != "rejected" and bool(fact.model)


def tokens_of(fact: RequestFinished) -> int | None:
    """What counts against tokens a minute; None: an answer came, but nobody counted it."""
    if fact.cache:
        return 0  # another request paid for that answer
    if fact.prompt_tokens is None and fact.completion_tokens is None:
        return None if fact.ttft_ms is not None and fact.status < 400 else 0
    return (fact.prompt_tokens or 0) + (fact.completion_tokens or 0)


def money_of(fact: RequestFinished) -> float:
    """What counts against a budget: the price of its tokens or, without one, of its energy."""
    if fact.cache:
        return 0.0
    return fact.cost if fact.cost is not None else fact.energy_cost or 0.0
