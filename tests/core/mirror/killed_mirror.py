"""A mirror in a process of its own, to be killed: `python killed_mirror.py HOME URL`."""

import asyncio
import random
import sys
import time
from pathlib import Path

from core.clock import SystemClock
from core.mirror import Mirror
from core.secrets import Secrets
from core.settings import Paths
from events.store import EventStore


async def main(home: Path, url: str) -> None:
    """Follow, say when something was written, and stop wherever that is: it is killed there."""
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
    await asyncio.sleep(random.uniform(0, 0.02))
    assert not task.done()
    print("written", flush=True)
    time.sleep(600)  # noqa: ASYNC251 - nothing goes on, however late the kill comes


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
