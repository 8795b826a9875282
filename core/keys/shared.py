"""The same counters in Redis, for several studios, and for one that may crash.

    down ──► connecting ──► telling ──► up ──► (anything fails) ──► down
             back-off        our whole share    memory decides at once, nobody waits again

Memory counts first, always; Redis then judges over everybody's sum. So memory never knows less than
was let in here, and when Redis is gone, slow or empty, what memory says stands. One task talks to
Redis, over one connection, in batches: what it is told and asked arrives in the order it happened.
When it is back, every key's share is told anew before Redis decides anything.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.clock import Clock
from core.keys.calendar import US
from core.keys.counters import Counters, Entry
from core.keys.script import ADMIT, PREFIX, verdict
from core.keys.use import Stop, Use
from events.facts.key import KeyLimits

log = logging.getLogger(__name__)

TIMEOUT_S = 0.05  # for an answer while requests wait for it
CONNECT_S = 2.0
TELL_S = 0.02  # what changed may wait this long for a request to go with
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.1, 5.0
LOOK_S = 5.0  # an idle Redis is asked whether it is there, and running requests stay believed
LEASE_S = 30.0  # after which a studio's running requests are believed no more
BATCH = 256

FAILURES = (RedisError, OSError, TimeoutError, ValueError)  # the last: of an odd address


class _Waiting:
    """An admission that was not answered yet."""

    __slots__ = ("answer", "entry", "limits")

    def __init__(self, entry: Entry, limits: KeyLimits) -> None:
        self.entry = entry
        self.limits = limits
        self.answer: asyncio.Future[Use | Stop | None] = asyncio.get_running_loop().create_future()

    def tell(self, answer: Use | Stop | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class RedisCounters:
    """Implements `gate.Shared`. `run` is a task of the studio; without it memory decides."""

    def __init__(
        self,
        url: str,
        *,
        counters: Counters,
        limits_of: Callable[[str], KeyLimits],
        clock: Clock,
        studio: str,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`studio`: what this one is called, the same after each start."""
        self._url = url
        self._counters = counters
        self._limits_of = limits_of
        self._clock = clock
        self._studio = studio
        self._timeout_s = timeout_s
        self._began = int(counters.now)
        self._adopted = False
        self._up = self._met = False  # met: since the last failure
        self._waiting: list[_Waiting] = []
        self._dirty: dict[str, set[int] | None] = {}  # None: the whole share
        self._telling = False
        self._wake = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None
        self._sha = ""
        self._listeners: list[Callable[[], object]] = []
        self.problem: str | None = None  # why memory decides, for people
        counters.listen(self._changed)

    @property
    def is_up(self) -> bool:
        """Whether Redis decides now."""
        return self._up

    @property
    def is_behind(self) -> bool:
        """Whether Redis was not told everything yet."""
        return bool(self._dirty or self._waiting or self._telling)

    def listen(self, callback: Callable[[], object]) -> None:
        """Call back when `problem` changed."""
        self._listeners.append(callback)

    async def admit(self, entry: Entry, limits: KeyLimits) -> Use | Stop | None:
        """Count in what was counted in here already. None: memory decides."""
        if not self._up:
            self._changed(entry.key_id, entry.second)
            return None
        waiting = _Waiting(entry, limits)
        self._waiting.append(waiting)
        self._wake.set()
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            self._changed(entry.key_id, entry.second)  # it may be counted there or not
            raise

    async def run(self) -> None:
        """Keep in touch until cancelled."""
        back_off = FIRST_BACKOFF_S
        try:
            while True:
                since = self._counters.now
                try:
                    await self._serve()
                except FAILURES as failure:
                    self._lost(failure)
                if self._counters.now - since > 2 * LONGEST_BACKOFF_S:  # it went well for a while
                    back_off = FIRST_BACKOFF_S
                await asyncio.sleep(back_off)
                back_off = min(back_off * 2, LONGEST_BACKOFF_S)
        finally:
            self._let_go()

    # coming and going

    async def _serve(self) -> None:
        """Over one connection, for as long as it lasts."""
        client = self._client()
        try:
            await self._meet(client)
            self._set_problem(None)
            self._up = self._met = True
            while True:
                await self._next()
                await self._exchange(client)
        finally:
            self._let_go()
            await _closed(client)

    def _client(self) -> "Redis":
        return Redis.from_url(
            self._url,
            single_connection_client=True,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=None,  # `asyncio.wait_for` of 3.11 loses cancellations; ours do not
            retry=Retry(NoBackoff(), 0),
            client_name="vllm-studio",
        )

    async def _meet(self, client: "Redis") -> None:
        """Load the script, learn what was ours before a crash, tell everything anew."""
        async with asyncio.timeout(CONNECT_S):
            self._sha = await client.script_load(ADMIT)
        if not self._adopted:
            await self._adopt(client)
            self._adopted = True
        self._dirty = dict.fromkeys(self._counters.keys())
        while self._dirty:
            await self._exchange(client, within=CONNECT_S)

    async def _adopt(self, client: "Redis") -> None:
        """Requests that were running when the last process died stand in no log, but here."""
        async with asyncio.timeout(2 * CONNECT_S):
            async for name in client.scan_iter(match=PREFIX + "*", count=1000):
                fields = await cast("Any", client.hgetall(name))
                self._adopt_key(name.decode().removeprefix(PREFIX), fields)

    def _adopt_key(self, key_id: str, fields: dict[bytes, bytes]) -> None:
        seconds: dict[int, tuple[int, int]] = {}
        money = {"d": 0.0, "m": 0.0}
        ours, period = False, self._counters.period
        for field, value in fields.items():
            kind, at, studio = field.decode().split(":", 2)
            if studio != self._studio:
                continue
            ours = True
            if kind in ("r", "t"):
                requests, tokens = seconds.get(int(at), (0, 0))
                count = int(value)
                seconds[int(at)] = (count, tokens) if kind == "r" else (requests, count)
            elif at in (period.day, period.month):
                money[kind] = float(value)
        if ours:
            self._counters.adopt(key_id, seconds, self._began)
            self._counters.adopt_spent(key_id, money["d"], money["m"])

    def _lost(self, failure: BaseException) -> None:
        """A Redis that is there again at once is no alarm: perhaps this machine was busy."""
        what = str(failure) or type(failure).__name__
        if self._met:
            self._met = False
            log.info("Redis was lost: %s", what)
            return
        self._set_problem(f"Redis does not answer ({what}); limits are counted in memory")

    def _let_go(self) -> None:
        """Nobody waits for Redis any more."""
        self._up = False
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.tell(None)

    def _set_problem(self, problem: str | None) -> None:
        if problem == self.problem:
            return
        log.log(logging.WARNING if problem else logging.INFO, problem or "Redis keeps the counters")
        self.problem = problem
        for callback in self._listeners:
            callback()

    # one batch

    async def _next(self) -> None:
        """Return when there is something to say, or when it is time to look after Redis."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._wake.wait()
                return
        for key_id in self._counters.running():
            self._changed(key_id, None)

    async def _exchange(self, client: "Redis", within: float | None = None) -> None:
        """Tell what changed, ask what waits; every answer goes to who waits for it."""
        self._wake.clear()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._waiting = [one for one in self._waiting if not one.answer.done()]  # some left
        asked = self._waiting[:BATCH]
        calls = self._calls(asked)
        pipe = client.pipeline(transaction=False)
        if not calls:
            pipe.ping()
        for key_id, values in calls:
            pipe.evalsha(self._sha, 1, PREFIX + key_id, *values)
        self._telling = True
        async with asyncio.timeout(within or self._timeout_s):
            replies = await pipe.execute()
        self._telling = False
        self._waiting = self._waiting[len(asked) :]
        if self._waiting or self._dirty:
            self._wake.set()
        now, wall, period = self._counters.now, self._clock.now(), self._counters.period
        ends = ((period.day_ends - wall) / US, (period.month_ends - wall) / US)
        for one, reply in zip(asked, replies[len(replies) - len(asked) :], strict=True):
            one.tell(verdict(reply).at(now, *ends))

    def _calls(self, asked: list[_Waiting]) -> list[tuple[str, list[str | int | float]]]:
        """The script's calls: what changed for keys that ask nothing, then what is asked.

        The first question about a key takes along what changed for it.
        """
        asking = {one.entry.key_id for one in asked}
        calls: list[tuple[str, list[str | int | float]]] = []
        for key_id in [key_id for key_id in self._dirty if key_id not in asking][:BATCH]:
            head = self._head(self._limits_of(key_id))
            calls.append((key_id, [*head, 0, 0, 0, 0, *self._news(key_id)]))
        for one in asked:
            entry = one.entry
            question = (1, entry.tokens, entry.money, entry.second)
            news = self._news(entry.key_id)
            calls.append((entry.key_id, [*self._head(one.limits), *question, *news]))
        return calls

    def _news(self, key_id: str) -> list[str | int | float]:
        """What Redis was not told yet of a key; after this call it is."""
        if key_id not in self._dirty:
            return []
        return self._told(key_id, self._dirty.pop(key_id))

    def _head(self, limits: KeyLimits) -> list[str | int | float]:
        now, period = self._counters.now, self._counters.period
        most = (
            limits.requests_per_minute,
            limits.tokens_per_minute,
            limits.parallel,
            limits.budget_day,
            limits.budget_month,
        )
        bounds = ["" if one is None else one for one in most]
        return [self._studio, now, period.day, period.month, now + LEASE_S, *bounds]

    def _told(self, key_id: str, seconds: set[int] | None) -> list[str | int | float]:
        """Our own share of a key, without what still waits to be counted in there."""
        window, running, day, month = self._counters.share(key_id, seconds)
        counts = {second: list(numbers) for second, numbers in window.items()}
        for one in self._waiting:
            entry = one.entry
            if entry.key_id == key_id and not one.answer.cancelled():
                running -= 1
                day, month = day - entry.money, month - entry.money
                if entry.second in counts:
                    counts[entry.second][0] -= 1
                    counts[entry.second][1] -= entry.tokens
        me, period = self._studio, self._counters.period
        told: list[str | int | float] = [f"p::{me}", running]
        for second, (requests, tokens) in counts.items():
            told += [f"r:{second}:{me}", requests, f"t:{second}:{me}", tokens]
        if day or month:
            told += [f"d:{period.day}:{me}", day, f"m:{period.month}:{me}", month]
        return told

    def _changed(self, key_id: str, second: int | None) -> None:
        seconds = self._dirty.setdefault(key_id, set())
        if seconds is not None and second is not None:
            seconds.add(second)
        if self._up and self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(TELL_S, self._wake.set)


async def _closed(client: "Redis") -> None:
    with contextlib.suppress(*FAILURES):
        async with asyncio.timeout(1.0):
            await client.aclose()
