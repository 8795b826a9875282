"""A process that appends until it is killed, and notes every event it was told is recorded.

    python crash_writer.py LOG ACKNOWLEDGED WRITERS

The note is written to a file of its own after the append returned: what stands there was
acknowledged, so it must be in the log whatever happened next.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from events.facts import AppStopped
from events.projections import ALL
from events.store import EventStore
from tests.events.stories import a_day


async def write_for_ever(store: EventStore, acknowledged: int, writer: int) -> None:
    """Append facts of every size and kind, one to three at a time."""
    chance = random.Random(os.getpid() + writer)
    facts = [fact for _, fact in a_day()] + [AppStopped(reason="x" * 5000)]
    while True:
        some = chance.choices(facts, k=chance.randint(1, 3))
        recorded = await store.append(f"stream-{chance.randrange(20)}", some, actor="cli")
        lines = "".join(f"{one.position} {one.id} {one.leaf.hex()}\n" for one in recorded)
        os.write(acknowledged, lines.encode())


async def main(log: Path, notes: Path, writers: int) -> None:
    """Say that the log is open, then write."""
    acknowledged = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    store = EventStore.open(log, projections=ALL)
    print("open", flush=True)
    await asyncio.gather(*(write_for_ever(store, acknowledged, n) for n in range(writers)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
