"""After the night: reads the logs, the registry and the process table into one `History`."""

from collections.abc import Sequence
from pathlib import Path

from events import codec
from events.audit.merkle import leaf_hash
from events.errors import EventError
from events.facts import EngineStartRequested, GatewayStarted, RequestFinished
from events.projections import ALL, USAGE, Projection
from events.replay import state_at
from events.store import EventStore
from tests.chaos import models, registry
from tests.chaos.history import History, Life, Told
from tests.chaos.world import WAIT_BOUND_S, World
from tests.harness import processes

PAGE = 1000


def collected(world: World) -> History:
    """Everything there is to know. Asked when the app has ended."""
    home = world.disk.home
    log = tuple(told(home / "main.db"))
    books = sorted(home.glob("usage-*.db"))
    usage = [one.event for book in books for one in told(book)]
    logs: list[tuple[Path, Sequence[Projection]]] = [(home / "main.db", ALL)]
    logs += [(book, USAGE) for book in books]
    return History(
        log=log,
        usage=tuple(event for event in usage if isinstance(event, RequestFinished)),
        clients=tuple(sorted(world.clients.records, key=lambda record: record.number)),
        lives=tuple(_lives(world.registry)),
        down=tuple(world.down),
        quitting=tuple(world.quitting),
        full=tuple(world.full),
        frozen=tuple(world.frozen),
        left_over=tuple(processes.lingering(lambda: _left_over(home, world.registry, log))),
        strangers_got=tuple(line for one in world.strangers for line in one.got),
        log_problems=tuple(p for path, _ in logs for p in _problems(path)),
        replay_differs=tuple(t for path, models_ in logs for t in _differing(path, models_)),
        wait_bound=WAIT_BOUND_S,
        budget=models.BUDGET,
    )


def told(path: Path) -> list[Told]:
    """A whole log."""
    store = EventStore.open(path, read_only=True)
    try:
        found: list[Told] = []
        while page := store.read_all(found[-1].position if found else 0, PAGE):
            found += [
                Told(position=one.position, at=one.recorded_at / 1e6, event=one.event)
                for one in page
            ]
        return found
    finally:
        store.close()


def _lives(path: Path) -> list[Life]:
    """Every engine's, once the witness has written down their ends; it is a moment behind."""
    processes.lingering(lambda: [one.model for one in registry.lives_in(path) if not one.ended])
    return registry.lives_in(path)


def _left_over(home: Path, registry_path: Path, log: Sequence[Told]) -> list[str]:
    nonces = [
        one.event.nonce
        for one in log
        if isinstance(one.event, EngineStartRequested | GatewayStarted)
    ]
    texts = (str(home), str(registry_path), *nonces)
    witness = "witness.py"
    found = {line for text in texts for line in processes.mentioning(text) if witness not in line}
    return sorted(found)


def _problems(path: Path) -> list[str]:
    """Each leaf against its line; then a full open, which checks the file and the tree."""
    found = []
    store = EventStore.open(path, read_only=True)
    try:
        after = 0
        while page := store.read_all(after, PAGE):
            if [one.position for one in page] != list(range(after + 1, after + 1 + len(page))):
                found.append(f"{path.name}: positions after {after} are not one after the other")
            for one in page:
                if leaf_hash(codec.canonical_line(one)) != one.leaf:
                    found.append(f"{path.name}: position {one.position} is not what was written")
            after = page[-1].position
    finally:
        store.close()
    try:
        EventStore.open(path).close()
    except EventError as problem:
        found.append(f"{path.name}: {problem}")
    return found


def _differing(path: Path, projections: Sequence[Projection]) -> list[str]:
    """Tables whose rows are others when the log is folded from zero."""
    store = EventStore.open(path, read_only=True)
    try:
        again = state_at(store, store.head, projections)
        with store.reading() as live:
            tables = [table for projection in projections for table in projection.tables]
            select = 'select * from "{}" order by 1, 2'
            return [
                f"{path.name}: {table}"
                for table in tables
                if live.execute(select.format(table)).fetchall()
                != again.execute(select.format(table)).fetchall()
            ]
    finally:
        store.close()
