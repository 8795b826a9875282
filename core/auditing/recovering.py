"""The way on from a damaged log: what is good is exported, a new log is begun, nothing is deleted.

1. `look`: what is wrong, and how much is good. Nothing is changed.
2. `recover`: the good lines are written to a folder; a new log is made, whose second event names
   the old one, its size and its root; what the old one told of recipes, keys and settings is told
   again; the damaged files are moved aside and the new log is put in their place (`moving.py`).

Of a month's requests all are told again, with their own times, for that is all they are.
"""

import asyncio
import base64
import os
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from core.auditing import moving
from core.auditing.carrying import Carried
from core.auditing.notes import NotesFolder, sync_folder
from core.auditing.opening import trouble_now
from core.auditing.outside import OutsideCheck
from core.auditing.salvage import good_events, last_position
from core.auditing.trouble import Trouble, trouble_of
from core.clock import Clock
from core.errors import Refused
from core.secrets import Secrets
from core.settings import Settings
from events.audit.merkle import Frontier
from events.envelope import Recorded
from events.errors import EventError, from_sqlite
from events.examining import examine
from events.facts import AuditLogContinued, AuditLogCreated, RequestFinished
from events.facts.base import Fact
from events.lock import ProcessLock
from events.projections import ALL, USAGE
from events.store import EventStore

MAIN = "main"
TOGETHER = 500  # requests told again at once
NAMED = 100  # bad positions that are named


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a log, and what is good of it."""

    log: str
    log_id: str  # "unknown" when even its first event can not be read
    reason: str
    good: int
    until: int  # the last event before the first bad one
    root: str  # of these, in base64
    last: int  # the newest position there was
    bad: tuple[int, ...]  # the first positions that are not good


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    looked: Looked
    exported: str  # the file of the good lines
    aside: tuple[str, ...]
    new_log_id: str
    carried: dict[str, int]


def look(settings: Settings, secrets: Secrets, log: str = MAIN) -> Looked:
    """See what is wrong with a log. Raises Refused when nothing is, or when nothing would help."""
    path = settings.home / f"{log}.db"
    if log == MAIN:
        trouble = trouble_now(settings, secrets)
    else:
        trouble = _trouble_of_a_month(path, settings, secrets)
    if trouble is not None and trouble.code in ("log-newer", "log-unavailable"):
        raise Refused(trouble.reason, code=trouble.code, next_action=trouble.next_action)
    frontier, good, log_id, expected = Frontier(), 0, "unknown", 1
    bad: list[int] = []
    for one in good_events(path):
        position = one.recorded.position
        bad += range(expected, min(position, expected + NAMED))
        expected = position + 1
        good += 1
        if position == frontier.size + 1:
            frontier.push(one.recorded.leaf)
        if isinstance(one.recorded.event, AuditLogCreated):
            log_id = one.recorded.event.log_id
    last = max(last_position(path), expected - 1)
    bad += range(expected, min(last + 1, expected + NAMED))
    if trouble is None and not bad:
        raise Refused(
            f"{path.name} is what was written, as far as its lines and the notes outside tell",
            code="log-is-good",
            next_action="`vllm-studio audit verify` looks at every claim about it",
        )
    reason = trouble.reason if trouble else f"{last - good} events are not what was written"
    return Looked(
        log=log,
        log_id=log_id,
        reason=reason,
        good=good,
        until=frontier.size,
        root=base64.b64encode(frontier.root()).decode(),
        last=last,
        bad=tuple(bad[:NAMED]),
    )


def recover(looked: Looked, settings: Settings, clock: Clock, *, carry: bool = True) -> Recovered:
    """Do it. Raises LogLocked while a studio runs, OSError when something can not be written."""
    path = settings.home / f"{looked.log}.db"
    stamp = datetime.fromtimestamp(clock.now() / 1e6, UTC).strftime("%Y%m%d-%H%M%S")
    lock = ProcessLock.take(path.with_name(path.name + ".lock"))
    try:
        exported = _export(path, settings.home / "recovered" / f"{looked.log}-{stamp}.jsonl")
        new_log_id, counts = _begin(moving.building(path), looked, path, clock, carry)
        aside = moving.put_in_place(path, stamp)
    finally:
        lock.release()
    return Recovered(
        looked=looked,
        exported=str(exported),
        aside=tuple(map(str, aside)),
        new_log_id=new_log_id,
        carried=counts,
    )


def _trouble_of_a_month(path: Path, settings: Settings, secrets: Secrets) -> Trouble | None:
    if not path.exists():
        raise Refused(f"there is no log {path}", code="no-log")
    notes = NotesFolder(settings.checkpoints)
    try:
        examine(path, OutsideCheck(lambda _: notes, secrets, may_begin=True))
    except EventError as error:
        return trouble_of(error)
    except sqlite3.Error as error:
        return trouble_of(from_sqlite(error))
    return None


def _export(path: Path, target: Path) -> Path:
    """The good lines, one a line, as every export holds them; on the disk when this returns."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        for good in good_events(path):
            file.write(good.line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(target.parent)
    return target


def _begin(
    new: Path, looked: Looked, old: Path, clock: Clock, carry: bool
) -> tuple[str, dict[str, int]]:
    times = _Times(clock)
    projections = ALL if looked.log == MAIN else USAGE
    store = EventStore.open(new, projections=projections, now=times)
    try:
        continued = AuditLogContinued(
            previous_log_id=looked.log_id,
            previous_size=looked.until,
            previous_root=looked.root,
            reason=looked.reason,
        )
        store.append_now("audit", [continued], actor="cli")
        if not carry:
            return store.log_id, {}
        events = (good.recorded for good in good_events(old))
        if looked.log == MAIN:
            return store.log_id, _carry(store, events, looked.log_id)
        return store.log_id, asyncio.run(_carry_requests(store, events, times))
    finally:
        store.close()


def _carry(store: EventStore, events: Iterable[Recorded], log_id: str) -> dict[str, int]:
    carried = Carried(log_id)
    for recorded in events:
        carried.take(recorded)
    for stream, fact in carried.facts():
        store.append_now(stream, [fact], actor="cli", correlation_id=_origin(log_id))
    return carried.counts


async def _carry_requests(
    store: EventStore, events: Iterable[Recorded], times: "_Times"
) -> dict[str, int]:
    """In their order, each at its own time."""
    count = 0
    waiting: list[tuple[Recorded, Fact]] = []

    async def write() -> None:
        nonlocal count
        times.of_next = [recorded.recorded_at for recorded, _ in waiting]
        await asyncio.gather(
            *(
                store.append(r.stream, [fact], actor=r.actor, correlation_id=r.correlation_id)
                for r, fact in waiting
            )
        )
        count += len(waiting)
        waiting.clear()

    for recorded in events:
        if isinstance(recorded.event, RequestFinished):
            waiting.append((recorded, recorded.event))
            if len(waiting) == TOGETHER:
                await write()
    await write()
    return {"requests": count}


def _origin(log_id: str) -> str:
    """What the facts have in common that come from an older log."""
    return f"continued-{log_id}"


class _Times:
    """The clock of the new log: what is told again may have the time of the first telling."""

    def __init__(self, clock: Clock) -> None:
        self._now: Callable[[], int] = clock.now
        self.of_next: list[int] = []

    def __call__(self) -> int:
        return self.of_next.pop(0) if self.of_next else self._now()
