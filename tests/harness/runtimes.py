"""Real runtimes (LiteLLM, transformers, vLLM on the CPU), installed once per machine.

They lie in ~/.cache/vllm-studio-tests, installed by the product's own `Runtimes`; each test home
gets links to those it wants, so that a fresh home starts in seconds.
"""

import asyncio
import fcntl
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.clock import SystemClock
from core.runtimes import Runtime, Runtimes
from core.settings import load_settings
from events.projections import ALL
from events.store import EventStore

CACHE = Path.home() / ".cache" / "vllm-studio-tests"


def installed(kind: str) -> Runtime:
    """The newest runtime of this kind in the cache, installed first when there is none."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as beside:  # a browser's loop may run in this thread
            return beside.submit(asyncio.run, _installed(kind)).result()


async def _installed(kind: str) -> Runtime:
    settings = load_settings({"VLLM_STUDIO_HOME": str(CACHE)})
    settings.paths.create()
    store = EventStore.open(settings.paths.main_db, projections=ALL)
    try:
        runtimes = Runtimes(store=store, settings=settings, clock=SystemClock())
        return runtimes.newest(kind) or await runtimes.install(kind, actor="system")
    finally:
        store.close()


def link(home: Path, kinds: Collection[str]) -> None:
    """Give a test home these runtimes."""
    folder = home / "runtimes"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in kinds:
        runtime = installed(kind)
        target = folder / runtime.id
        if not target.exists():
            target.symlink_to(runtime.path, target_is_directory=True)
    if "vllm-cpu" in kinds:
        _share_notes(home)


def _share_notes(home: Path) -> None:
    """What vLLM notes of each architecture: without that it imports itself once more."""
    notes, target = CACHE / "vllm", home / "user" / ".cache" / "vllm"
    notes.mkdir(exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.symlink_to(notes, target_is_directory=True)
