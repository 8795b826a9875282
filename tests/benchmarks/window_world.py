"""A studio with a past for the window to show: changes of years, a month of requests, a log."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.settings import Paths
from events.projections import ALL
from events.store import EventStore
from tests.benchmarks import books, long_story
from tests.harness import runtimes
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer

MODEL = "qwen3-8b"
FACTS = 12_000
REQUESTS = 20_000
LOG_LINES = 100_000


@contextmanager
def world() -> Iterator[StudioServer]:
    """A running app with all of it, and one engine that is ready."""
    with tempfile.TemporaryDirectory(prefix="bench-window-") as folder:
        home = Path(folder)
        paths = Paths(home)
        paths.main_db.parent.mkdir(parents=True, exist_ok=True)
        runtimes.link(home, ["litellm"])
        keys = books.write_keys(paths, 20)
        store = EventStore.open(paths.main_db, projections=ALL)
        long_story.write(store, FACTS)
        store.close()
        books.write_requests(paths, keys, REQUESTS, batch=500)
        server = StudioServer(home)
        try:
            server.start()
            server.add(sim_recipe(MODEL, tokens=8, load_seconds=0.4))
            server.load(MODEL)
            yield server
        finally:
            server.close()


def lengthen_log(server: StudioServer) -> None:
    """Let the engine's log be as long as what the window keeps of one."""
    runs = server.get("/api/state", at="now")["engines"]
    path = server.home / str(next(r["log_path"] for r in runs if r["recipe_id"] == MODEL))
    with path.open("a") as log:
        log.writelines(f"INFO 11-30 10:00:00 [core.py:57] step {n}\n" for n in range(LOG_LINES))
