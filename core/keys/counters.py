"""What every key used, in this studio's memory: admission is one look and one count, no wait.

    admit ──► counted in: a request, a place, tokens and money as far as they can be guessed
    leave ──► its place is free
    settle ─► guessed tokens and money give way to the real ones

What a request took more than was guessed counts from the moment it is known; what it took less is
given back to the second it came in. Loop-bound.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping

import msgspec

from core.clock import Clock
from core.gateway.body import Body
from core.keys.calendar import US, Period
from core.keys.estimate import guess_tokens
from core.keys.use import Stop, Use
from core.keys.window import LENGTH_S, Window
from events.facts.key import KeyLimits

NEWEST = 0.2  # how much the newest request weighs in a key's averages
UNSETTLED_S = 600.0  # after its end; then nobody will tell what a request used
PARALLEL_RETRY_S = 1.0  # nobody knows when a running request ends

Changed = Callable[[str, int | None], None]  # a key, and the second of its window that changed


class Count:
    """One key's numbers."""

    __slots__ = (
        "average_money",
        "average_tokens",
        "period",
        "reserved",
        "running",
        "spent_day",
        "spent_month",
        "window",
    )

    def __init__(self) -> None:
        self.window = Window()
        self.running = 0
        self.period: Period | None = None  # whose money is in `spent_`
        self.spent_day = self.spent_month = 0.0
        self.reserved = 0.0  # money of requests that are not settled
        self.average_tokens: float | None = None
        self.average_money: float | None = None


class Entry(msgspec.Struct, eq=False):
    """A request that was counted in."""

    request_id: str
    key_id: str
    count: Count
    came_at: float
    second: int  # of the window, in which it came
    tokens: int  # reserved
    money: float  # the same
    left_at: float | None = None


class Counters:
    """Every key's numbers; `listen` hears of each change to a key's own share."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now() / US - clock.monotonic()  # wall time that never steps back
        self._period = Period.of(clock.now())
        self._counts: dict[str, Count] = {}
        self._entries: dict[str, Entry] = {}
        self._left: dict[str, Entry] = {}  # not settled yet, oldest first
        self._listeners: list[Changed] = []

    def listen(self, callback: Changed) -> None:
        """Call back when a key's share changed."""
        self._listeners.append(callback)

    @property
    def now(self) -> float:
        """Seconds since the epoch, which never step back."""
        return self._began + self._clock.monotonic()

    @property
    def period(self) -> Period:
        """Today and this month."""
        now, period = self._clock.now(), self._period
        if not period.day_began <= now < period.day_ends:
            period = self._period = Period.of(now)
        return period

    # a request's way

    def admit(self, key_id: str, request_id: str, limits: KeyLimits, body: Body) -> Entry | Stop:
        """Count a request in, with what it may take reserved, or say what stops it."""
        count, now = self._of(key_id), self._began + self._clock.monotonic()
        window, most = count.window, limits.tokens_per_minute
        tokens = 0 if most is None else guess_tokens(body, count.average_tokens, most)
        window.slide(now)
        stopped = self._stopped(count, limits, tokens, now)
        if stopped is not None:
            return Stop(limit=stopped[0], retry_after=stopped[1], use=_use(count, now))
        second, money = int(now), count.average_money or 0.0
        entry = Entry(request_id, key_id, count, now, second, tokens, money)
        window.add(second, 1, tokens)
        count.running += 1
        count.reserved += money
        self._entries[request_id] = entry
        return entry

    def undo(self, entry: Entry) -> None:
        """It did not come in after all."""
        if self._entries.pop(entry.request_id, None) is None:
            return
        count = self._of(entry.key_id)
        count.window.take_back(entry.second, requests=1, tokens=entry.tokens)
        count.running -= 1
        count.reserved -= entry.money
        self._changed(entry.key_id, entry.second)

    def leave(self, request_id: str) -> None:
        """It has ended; a repeat, or one that was never counted in, changes nothing."""
        entry = self._entries.pop(request_id, None)
        if entry is None:
            return
        entry.left_at = now = self._began + self._clock.monotonic()
        left = self._left
        left[request_id] = entry
        entry.count.running -= 1
        if self._listeners:
            self._changed(entry.key_id, None)
        if len(left) > 1:
            self._forget_unsettled(now)

    def settle(
        self, key_id: str, request_id: str, *, tokens: int | None, money: float, counted: bool
    ) -> None:
        """What it really used. `tokens` None: nobody knows, so the guess stands.

        `counted`: a request that was not counted in (its key had no limits then) counts now.
        """
        if request_id in self._entries:  # it is told of its end by this alone
            self.leave(request_id)
        entry, count = self._left.pop(request_id, None), self._of(key_id)
        if entry is not None:
            if entry.money:
                count.reserved = max(0.0, count.reserved - entry.money)
            if tokens is not None and tokens != entry.tokens:
                self._put_right(count, entry, tokens)
        elif counted:
            now = self.now
            count.window.slide(now)
            count.window.add(int(now), 1, tokens or 0)
            self._changed(key_id, int(now))
        if tokens:
            count.average_tokens = _mean(count.average_tokens, tokens)
        if money or entry is not None:
            if money or count.average_money != 0.0:
                count.average_money = _mean(count.average_money, money)
                count.spent_day += money
                count.spent_month += money
            if self._listeners:
                self._changed(key_id, None)

    def _put_right(self, count: Count, entry: Entry, tokens: int) -> None:
        window, more = count.window, tokens - entry.tokens
        if more > 0:
            now = self.now
            second = int(now)
            window.slide(now)
            window.add(second, 0, more)
        else:
            second = entry.second
            window.take_back(second, tokens=-more)
        if self._listeners:
            self._changed(entry.key_id, second)

    def _stopped(
        self, count: Count, limits: KeyLimits, tokens: int, now: float
    ) -> tuple[str, float] | None:
        """Which limit is reached, and for how long."""
        window, spent = count.window, limits.budget_month
        if spent is not None and count.spent_month + count.reserved >= spent:
            return "budget_month", (self.period.month_ends - self._clock.now()) / US
        spent = limits.budget_day
        if spent is not None and count.spent_day + count.reserved >= spent:
            return "budget_day", (self.period.day_ends - self._clock.now()) / US
        if limits.parallel is not None and count.running >= limits.parallel:
            return "parallel", PARALLEL_RETRY_S
        most = limits.requests_per_minute
        if most is not None and window.requests + 1 > most:
            return "requests", window.requests_gone_at(window.requests + 1 - most) - now
        most = limits.tokens_per_minute
        if most is not None and window.tokens + tokens > most:
            return "tokens", window.tokens_gone_at(window.tokens + tokens - most) - now
        return None

    # looking

    def use(self, key_id: str) -> Use:
        """How far a key is."""
        count = self._counts.get(key_id)
        if count is None:
            return Use()
        count, now = self._of(key_id), self.now
        count.window.slide(now)
        return _use(count, now)

    def keys(self) -> tuple[str, ...]:
        """Every key that has numbers."""
        return tuple(self._counts)

    def running(self) -> tuple[str, ...]:
        """The keys of which a request has not ended."""
        return tuple(key_id for key_id, count in self._counts.items() if count.running > 0)

    def share(
        self, key_id: str, seconds: Iterable[int] | None = None
    ) -> tuple[Mapping[int, tuple[int, int]], int, float, float]:
        """For others: the window (of these seconds, or all), places, money of day and month."""
        count = self._of(key_id)
        count.window.slide(self.now)
        return (
            count.window.seconds(seconds),
            count.running,
            count.spent_day + count.reserved,
            count.spent_month + count.reserved,
        )

    # after a start

    def restore(self, key_id: str, at: float, *, requests: int, tokens: int) -> None:
        """Count what was used at a moment before this start."""
        now = self.now
        if int(at) >= int(now) - LENGTH_S:
            self._of(key_id).window.add(min(int(at), int(now)), requests, tokens)
        if tokens:
            count = self._of(key_id)
            count.average_tokens = _mean(count.average_tokens, tokens)

    def restore_spent(self, key_id: str, day: float, month: float) -> None:
        """What a key spent today and this month, before this start."""
        count = self._of(key_id)
        count.spent_day += day
        count.spent_month += month

    def adopt(self, key_id: str, seconds: Mapping[int, tuple[int, int]], until: int) -> None:
        """Take over what others remember of our window until a second, where it is more."""
        window = self._of(key_id).window
        window.slide(self.now)
        mine = {s: n for s, n in window.seconds().items() if s <= until}
        theirs = {s: n for s, n in seconds.items() if int(self.now) - LENGTH_S <= s <= until}
        if sum(n[0] for n in theirs.values()) <= sum(n[0] for n in mine.values()):
            return
        for second, (requests, tokens) in mine.items():
            window.take_back(second, requests=requests, tokens=tokens)
        for second, (requests, tokens) in theirs.items():
            window.add(second, requests, tokens)

    def adopt_spent(self, key_id: str, day: float, month: float) -> None:
        """Take over what others remember of our spending, where it is more."""
        count = self._of(key_id)
        count.spent_day = max(count.spent_day, day)
        count.spent_month = max(count.spent_month, month)

    # inside

    def _of(self, key_id: str) -> Count:
        """Its numbers, as they are today."""
        count, period, now = self._counts.get(key_id), self._period, self._clock.now()
        if (
            count is None
            or count.period is not period
            or not period.day_began <= now < period.day_ends
        ):
            if count is None:
                count = self._counts[key_id] = Count()
            _begin(count, self.period)
        return count

    def _changed(self, key_id: str, second: int | None) -> None:
        for callback in self._listeners:
            callback(key_id, second)

    def _forget_unsettled(self, now: float) -> None:
        for request_id, entry in tuple(itertools.islice(self._left.items(), 2)):
            if entry.left_at is None or now - entry.left_at <= UNSETTLED_S:
                return  # the others left later
            del self._left[request_id]
            count = self._of(entry.key_id)
            count.reserved = max(0.0, count.reserved - entry.money)


def _use(count: Count, now: float) -> Use:
    window = count.window
    requests, tokens = window.resets_at()
    requests, tokens = requests - now, tokens - now
    return Use(
        requests=window.requests,
        tokens=window.tokens,
        parallel=count.running,
        spent_day=count.spent_day,
        spent_month=count.spent_month,
        requests_reset_s=requests if requests > 0 else 0.0,
        tokens_reset_s=tokens if tokens > 0 else 0.0,
    )


def _begin(count: Count, period: Period) -> None:
    """Another day has begun for it, and perhaps a month; or its first one."""
    before, count.period = count.period, period
    if before is not None and before.day != period.day:
        count.spent_day = 0.0
    if before is not None and before.month != period.month:
        count.spent_month = 0.0


def _mean(before: float | None, new: float) -> float:
    return float(new) if before is None else before + NEWEST * (new - before)
