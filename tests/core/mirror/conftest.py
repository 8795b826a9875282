"""One PostgreSQL for this folder, empty before each test, and a studio's logs to mirror into it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.mirror import Mirror
from core.secrets import Secrets
from core.settings import Paths
from events.facts import RequestFinished
from events.projections import ALL, USAGE
from events.store import EventStore
from tests.harness.postgres import Postgres

WITHIN_S = 60.0


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """Runs for the whole folder; a test that stops it starts it again."""
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
async def postgres(cluster: Postgres) -> Postgres:
    """The same, with nothing of ours in it."""
    await cluster.clear()
    return cluster


def request(number: int, **more: Any) -> RequestFinished:
    """One request that ended."""
    fields: dict[str, Any] = {
        "request_id": f"r{number}", "path": "/v1/chat/completions", "model": "m",
        "recipe_id": "m", "engine_id": "e0", "actor": "key:k1", "lane": "direct",
        "outcome": "ok", "status": 200, "stream": False, "prompt_tokens": 10,
        "completion_tokens": 5, "ttft_ms": 12.5, "duration_ms": 100.25, "cost": 0.5,
    }  # fmt: skip
    return RequestFinished(**(fields | more))


class Logs:
    """The logs of one studio, written as the app does."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(home)
        home.mkdir(exist_ok=True)
        self.main = EventStore.open(self.paths.main_db, projections=ALL)
        self._months: dict[str, EventStore] = {}

    def add(self, day: str, *facts: RequestFinished) -> None:
        """Record requests in the log of a day's month."""
        month = self._months.get(day[:7])
        if month is None:
            for name in list(self._months):  # a month that is over is closed
                self._months.pop(name).close()
            month = EventStore.open(self.paths.usage_db(day), projections=USAGE)
            self._months[day[:7]] = month
        month.append_now(f"usage-{day}", facts, actor="key:k1")

    def close(self) -> None:
        """Let go of the files."""
        for store in (self.main, *self._months.values()):
            store.close()


@pytest.fixture
def logs(home: Path) -> Iterator[Logs]:
    """An empty studio's."""
    opened = Logs(home)
    yield opened
    opened.close()


def mirror_of(logs: Logs, url: str | None, **more: Any) -> Mirror:
    """A mirror with little patience for waiting."""
    options: dict[str, Any] = {"idle_s": 0.02, "first_s": 0.02, "connect_s": 60.0} | more
    return Mirror(
        url=url,
        store=logs.main,
        paths=logs.paths,
        secrets=Secrets(logs.paths.secrets),
        clock=SystemClock(),
        **options,
    )


@contextlib.asynccontextmanager
async def running(mirror: Mirror) -> AsyncIterator["asyncio.Task[None]"]:
    """Its task; ended with the block, and not only when its patience is."""
    task = asyncio.ensure_future(mirror.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 60)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a point."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110  the mirror has no event for tests
            await asyncio.sleep(0.01)


async def mirrored(mirror: Mirror, facts: int) -> None:
    """Wait until it has written so many since it was made, and nothing is left."""
    await until(lambda: mirror.view().mirrored >= facts and mirror.behind == 0)
