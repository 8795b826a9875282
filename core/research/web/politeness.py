"""How often one host is asked: two requests at once, a little apart, and never before it said.

A host that answered 429 or 503 with `Retry-After` is left alone until then; who asks meanwhile is
told how long that is, without a request.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import parsedate_to_datetime

from core.clock import Clock
from core.research.web.views import WebProblem

AT_ONCE = 2
APART_S = 0.5
MOST_APART_S = 10.0  # a robots.txt may ask for more; then one page a minute would be no reading
LONGEST_REST_S = 24 * 3600.0  # a host may ask for a day; more is a mistake
MOST_HOSTS = 4096  # that are remembered

Sleep = Callable[[float], Awaitable[None]]


class Politeness:
    """What is owed to each host. Loop-bound."""

    def __init__(
        self, clock: Clock, *, apart_s: float = APART_S, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._apart_s = apart_s
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}

    @contextlib.asynccontextmanager
    async def turn(self, host: str, *, patience_s: float = 0.0) -> AsyncIterator[None]:
        """Wait for one's turn at this host. Raises WebProblem while the host wants its rest.

        `patience_s`: a rest that ends within it is waited for.
        """
        known = self._host(host)
        await self._wait_for_rest(host, known, patience_s)
        async with known.places:
            await self._wait_for_rest(host, known, patience_s)
            await self._keep_apart(known)
            yield

    def keep_apart(self, host: str, seconds: float) -> None:
        """Ask this host less often than others, because its robots.txt wants it."""
        if seconds > self._apart_s:
            self._host(host).apart_s = min(seconds, MOST_APART_S)

    def rest(self, host: str, retry_after: str) -> float | None:
        """Leave the host alone as long as its `Retry-After` says. How long that is, in seconds."""
        seconds = seconds_of(retry_after, self._clock.now())
        if seconds is None:
            return None
        known = self._host(host)
        known.resting_until = max(known.resting_until, self._clock.monotonic() + seconds)
        return seconds

    async def _keep_apart(self, known: "_Host") -> None:
        now = self._clock.monotonic()
        begins = max(now, known.next_at)
        known.next_at = begins + max(self._apart_s, known.apart_s)
        if begins > now:
            await self._sleep(begins - now)

    async def _wait_for_rest(self, host: str, known: "_Host", patience_s: float) -> None:
        left = known.resting_until - self._clock.monotonic()
        if left > patience_s:
            raise asked_too_often(host, left)
        if left > 0:
            await self._sleep(left)

    def _host(self, host: str) -> "_Host":
        if host not in self._hosts:
            if len(self._hosts) >= MOST_HOSTS:
                self._forget()
            self._hosts[host] = _Host()
        return self._hosts[host]

    def _forget(self) -> None:
        now = self._clock.monotonic()
        self._hosts = {
            name: known for name, known in self._hosts.items() if not known.may_be_forgotten(now)
        }


class _Host:
    """One host: who is there, when the next may come, until when nobody may."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(AT_ONCE)
        self.next_at = 0.0
        self.apart_s = 0.0  # what it wants itself
        self.resting_until = 0.0

    def may_be_forgotten(self, now: float) -> bool:
        """Nobody is there and nothing is owed."""
        nobody = self.places._value == AT_ONCE
        return nobody and self.next_at < now and self.resting_until < now


def asked_too_often(host: str, seconds: float | None) -> WebProblem:
    """What is said of a host that wants to be left alone."""
    soon = f"Try again in {seconds:.0f} seconds." if seconds is not None else "Try again later."
    return WebProblem(
        f"{host} asks not to be asked so often",
        code="too-many-requests",
        next_action=soon,
        retry_after=seconds,
    )


def seconds_of(retry_after: str, now: int) -> float | None:
    """`Retry-After` as seconds from `now` (µs): a number or a date. None where it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_REST_S)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, at - now / 1e6), LONGEST_REST_S)
