"""A mirror in a process of its own, to be killed: `python killed_mirror.py HOME URL`."""

import asyncio
import sys
from pathlib import Path

from core.clock import SystemClock
from core.mirror import Mirror
from core.secrets import Secrets
from core.settings import Paths
from events.store import EventStore


async def main(home: Path, url: str) -> None:
    """Follow, and say when something was written."""
    paths = Paths(home)
    store = EventStore.open(paths.main_db)
    mirror = Mirror(
        url=url,
        store=store,
        paths=paths,
        secrets=Secrets(paths.secrets),
        clock=SystemClock(),
        page=50,
    )
    task = asyncio.ensure_future(mirror.run())
    while mirror.view().mirrored == 0:  # noqa: ASYNC110  it has no event for tests
        await asyncio.sleep(0.001)
    print("written", flush=True)
    await task


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
