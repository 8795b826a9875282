"""The little web, a clock that only sleeping moves, and readers that read it."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from core.clock import Clock
from core.research.web.extracting import Extracted, Job, extracted
from core.research.web.fetching import Fetcher, Limits
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed
from core.research.web.politeness import Politeness
from core.research.web.reader import WebReader
from core.research.web.robots import Robots
from core.research.web.workers import Workers
from tests.support.little_web.server import LittleWeb

QUICK = Limits(connect_s=5, read_s=5, whole_s=20, most_bytes=2**20)


class HeldClock(Clock):
    """Time passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def now(self) -> int:
        """Microseconds since the epoch, UTC: 2026-11-30 12:00 and what was slept."""
        return int((1_796_040_000 + self.seconds - 1_000) * 1e6)

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Over at once."""
        self.slept.append(seconds)
        self.seconds += seconds


class ReadingHere(Workers):
    """Reads in this process: the same work without the start of another."""

    async def do(self, job: Job) -> Extracted:
        """Read one page."""
        return extracted(job)


class Answers:
    """A name server that says what a test wants, and counts who asked."""

    def __init__(self, **hosts: Sequence[str]) -> None:
        self.hosts = {name.replace("_", "."): list(found) for name, found in hosts.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """As text."""
        self.asked.append(host)
        is_number = ":" in host or host.replace(".", "").isdigit()
        return self.hosts.get(host, [host] if is_number else [])


@pytest.fixture
def clock() -> HeldClock:
    """Held still."""
    return HeldClock()


@pytest.fixture
def web() -> Iterator[LittleWeb]:
    """Served while the test lasts."""
    with LittleWeb() as web:
        yield web


@pytest.fixture
def fetcher(clock: HeldClock) -> Fetcher:
    """What may reach the little web by its names, and nothing private besides."""
    transport = GuardedTransport(allowed=Allowed.named("*.localhost"))
    return Fetcher(transport, Politeness(clock, sleep=clock.sleep))


@pytest.fixture
def reader(fetcher: Fetcher, clock: HeldClock) -> WebReader:
    """A whole one."""
    return WebReader(
        fetcher=fetcher, robots=Robots(fetcher, clock), workers=ReadingHere(), clock=clock
    )


@pytest.fixture
def at(web: LittleWeb) -> Callable[[str, str], str]:
    """The address of a page of the little web."""
    return web.url
