"""A power cut at any instant: what may be on the disk then, and whether the studio lives with it.

`tape.c` records everything that is done to the files of a home. For a cut after the first N of
these, what was synced is there, and of what was not each write is there, not there, or torn at a
sector (512 bytes), and of the names in a folder that was not synced the newest changes are missing.

    python -m tests.benchmarks.power_cut [--cuts 300] [--events 250]

`judge` says what must hold of a home, however it came to be: it also judges killed processes.
"""

import argparse
import asyncio
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from core.auditing.key import recorded_keys, verifiers_for
from core.auditing.notes import NotesFolder
from core.auditing.opening import open_log
from core.sealing.settling import settle
from core.secrets import Secrets
from core.settings import Settings
from core.usage_log import UsageLog
from events.audit import checkpoint
from events.audit.merkle import Frontier, leaf_hash
from events.audit.verify import Wanted, books_in, verify
from events.codec import canonical_line
from events.facts import AuditCheckpointed
from events.projections.request_log import RequestFilter
from events.projections.sealed_months import sealed_months
from events.store import EventStore
from tests.benchmarks.power_writer import BEGIN, Calendar
from tests.benchmarks.programs import built_library

SECTOR = 512
HEAD = struct.Struct("<BQQI")
Mode = Literal["kept", "dropped", "mixed"]
FATES = ("kept", "dropped", "torn")
MODES: tuple[Mode, ...] = ("kept", "dropped", "mixed")


class Done(NamedTuple):
    """One thing on the tape."""

    operation: str  # W T S of an inode; C R L U D of names; A: something was promised
    inode: int
    place: int
    data: bytes

    @property
    def paths(self) -> tuple[str, str]:
        """Of an operation on names."""
        return self.data[: self.place].decode(), self.data[self.place :].decode()


def recorded(home: Path, events: int) -> list[Done]:
    """Run the writer once below the recorder."""
    with tempfile.TemporaryDirectory() as scratch:
        tape, promised = Path(scratch) / "tape", Path(scratch) / "acknowledged"
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.power_writer", home, promised, str(events)],
            check=True,
            stdout=subprocess.DEVNULL,
            env={
                **os.environ,
                "LD_PRELOAD": str(built_library("tape")),
                "TAPE_FOLDER": str(home),
                "TAPE_LOG": str(tape),
                "TAPE_ACKS": str(promised),
            },
        )
        return list(read(tape.read_bytes()))


def read(tape: bytes) -> Iterator[Done]:
    """Take a tape apart. A file that is made where another one was is another inode."""
    at, lives = 0, Counter[int]()
    while at < len(tape):
        operation, inode, place, length = HEAD.unpack_from(tape, at)
        at += HEAD.size
        lives[inode] += operation == ord("C")
        yield Done(chr(operation), inode << 16 | lives[inode], place, tape[at : at + length])
        at += length


def promises(tape: Sequence[Done]) -> list[list[str]]:
    """What the writer was promised, line by line."""
    said = b"".join(done.data for done in tape if done.operation == "A").decode()
    return [line.split() for line in said.splitlines()]


class Disk:
    """What is on a disk after a cut."""

    def __init__(self, tape: Sequence[Done], chance: random.Random, mode: Mode) -> None:
        self._chance, self._mode = chance, mode
        self._synced = {done.inode: n for n, done in enumerate(tape) if done.operation == "S"}
        folders = {done.paths[0]: n for n, done in enumerate(tape) if done.operation == "D"}
        self._contents: dict[int, bytearray] = defaultdict(bytearray)
        self.names: dict[str, int] = {}
        lost = self._first_lost_names(tape, folders)
        for number, done in enumerate(tape):
            match done.operation:
                case "W" | "T":
                    self._change(number, done)
                case "C" | "R" | "L" | "U":
                    folder = os.path.dirname(done.paths[0])
                    if number < lost.get(folder, len(tape)):
                        self._rename(done)

    def lay_out(self, home: Path, target: Path) -> None:
        """Write it as files below `target`."""
        for name, inode in self.names.items():
            path = target / Path(name).relative_to(home)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._contents[inode])

    def _first_lost_names(self, tape: Sequence[Done], folders: dict[str, int]) -> dict[str, int]:
        """From which change on the names of each folder are lost: one that was not synced."""
        loose: dict[str, list[int]] = defaultdict(list)
        for number, done in enumerate(tape):
            if done.operation in "CRLU":
                folder = os.path.dirname(done.paths[0])
                if number > folders.get(folder, -1):
                    loose[folder].append(number)
        if self._mode == "kept":
            return {}
        if self._mode == "dropped":
            return {folder: those[0] for folder, those in loose.items()}
        return {f: self._chance.choice([*those, len(tape)]) for f, those in loose.items()}

    def _change(self, number: int, done: Done) -> None:
        data = done.data
        if number > self._synced.get(done.inode, -1):
            fate = self._mode if self._mode != "mixed" else self._chance.choice(FATES)
            if fate == "dropped":
                return
            if fate == "torn":
                data = data[: self._chance.randrange(len(data) + 1) // SECTOR * SECTOR]
        content = self._contents[done.inode]
        if done.operation == "T":
            del content[done.place :]
            content.extend(bytes(done.place - len(content)))
        elif data:
            content.extend(bytes(max(0, done.place - len(content))))
            content[done.place : done.place + len(data)] = data

    def _rename(self, done: Done) -> None:
        first, second = done.paths
        if done.operation == "C":
            self.names[first] = done.inode
        elif first in self.names:
            inode = self.names[first] if done.operation == "L" else self.names.pop(first)
            if done.operation in "RL":
                self.names[second] = inode


def judge(home: Path, promised: Sequence[Sequence[str]]) -> list[str]:
    """What is wrong with a home, in which so much was promised; nothing, if all is well.

    1. the log opens, and is what its notes outside say
    2. every acknowledged event is in it, and all its lines have their hashes
    3. no note outside tells more than its log holds, or something else
    4. what the log says of a checkpoint lies outside
    5. months are settled, and every acknowledged request is in one
    6. a verification disproves nothing of all this
    """
    settings = Settings(home=home)
    clock = Calendar(BEGIN + 400 * 86_400 * 1_000_000)
    secrets = Secrets(settings.paths.secrets)
    opened = open_log(settings, secrets, clock)
    try:
        if opened.trouble is not None:
            return [opened.trouble.reason]  # 1
        store = opened.store
        wrong = list(_events(store, promised))  # 2
        wrong += _notes(store, settings)  # 3, 4
        wrong += _requests(store, settings, clock, promised)  # 5
        wrong += _verified(settings)  # 6
        return wrong
    finally:
        opened.close()


def _events(store: EventStore, promised: Sequence[Sequence[str]]) -> Iterator[str]:
    log = store.read_all(limit=10**9)
    leaves = {str(one.position): one.leaf.hex() for one in log}
    if any(leaf_hash(canonical_line(one)) != one.leaf for one in log):
        yield "a line has not its hash"
    lost = [words for words in promised if words[0] == "main" and leaves.get(words[1]) != words[2]]
    if lost:
        yield f"{len(lost)} acknowledged events are lost, the first is {lost[0][1]}"


def _notes(store: EventStore, settings: Settings) -> Iterator[str]:
    folder = NotesFolder(settings.checkpoints)
    log = store.read_all(limit=10**9)
    with store.reading() as connection:
        keys = recorded_keys(connection)
    kept = set(folder.notes()) if folder.folder.exists() else set()
    for one in log:
        fact = one.event
        if isinstance(fact, AuditCheckpointed) and fact.note not in kept:
            yield f"the checkpoint at {one.position} does not lie outside"
    frontier, roots = Frontier(), {}
    for one in log:
        frontier.push(one.leaf)
        roots[one.position] = frontier.root()
    for note in kept:
        if store.log_id in note.split("\n", 1)[0]:
            told = checkpoint.read(note, verifiers_for(store.log_id, keys, None))
            if roots.get(told.size) != told.root:
                yield f"a note tells of {told.size} events, the log has {len(log)}"


def _requests(
    store: EventStore, settings: Settings, clock: Calendar, promised: Sequence[Sequence[str]]
) -> Iterator[str]:
    async def found() -> set[str]:
        usage = UsageLog(paths=settings.paths, clock=clock)
        with store.reading() as connection:
            known = sealed_months(connection)
        await asyncio.to_thread(settle, settings.paths, usage.months, known)
        page = await usage.page(RequestFilter(), before=None, limit=10**6)
        await usage.close()
        if page.unreadable:
            raise LookupError(f"months can not be read: {page.unreadable}")
        return {one.request.request_id for one in page.requests}

    try:
        there = asyncio.run(found())
    except LookupError as error:
        yield str(error)
        return
    lost = {words[1] for words in promised if words[0] == "request"} - there
    if lost:
        yield f"{len(lost)} acknowledged requests are lost"


def _verified(settings: Settings) -> Iterator[str]:
    folder = NotesFolder(settings.checkpoints)
    report = verify(
        Wanted(
            main=str(settings.paths.main_db),
            books=books_in(settings.home),
            notes=tuple(folder.notes()) if folder.folder.exists() else (),
        )
    )
    for claim in report.claims:
        if claim.verdict == "disproved":
            yield f"{claim.log}: {claim.sentence}"


def cuts(tape: Sequence[Done], count: int, seed: int) -> Iterator[tuple[int, Mode]]:
    """Where to cut, and what becomes of what was not synced."""
    chance = random.Random(seed)
    for number in range(count):
        yield chance.randrange(1, len(tape) + 1), MODES[number % len(MODES)]


def cut(
    home: Path, tape: Sequence[Done], length: int, mode: Mode, seed: int
) -> tuple[list[str], list[list[str]]]:
    """Cut there, start again; what is wrong, and what had been promised."""
    with tempfile.TemporaryDirectory(prefix="cut-") as folder:
        target = Path(folder)
        Disk(tape[:length], random.Random(seed), mode).lay_out(home, target)
        promised = promises(tape[:length])
        return judge(target, promised), promised


def main() -> None:
    """Print a table; exits with 1 when anything was wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cuts", type=int, default=300)
    options.add_argument("--events", type=int, default=250, help="by each of 4 writers")
    options.add_argument("--seed", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        home = Path(folder)
        began = time.monotonic()
        tape = recorded(home, given.events)
        counts = Counter(done.operation for done in tape)
        print(
            f"{len(tape)} operations: {counts['W']} writes, {counts['S']} syncs of files, "
            f"{counts['D']} of folders, {len(promises(tape))} promises"
        )
        bad: list[str] = []
        tried: Counter[Mode] = Counter()
        most = 0
        for number, (length, mode) in enumerate(cuts(tape, given.cuts, given.seed)):
            wrong, promised = cut(home, tape, length, mode, number)
            bad += [f"cut after {length} ({mode}): {one}" for one in wrong]
            tried[mode] += 1
            most = max(most, len(promised))
        print(f"cuts: {dict(tried)}, up to {most} promises each, {time.monotonic() - began:.0f} s")
        print("\n".join(bad[:20]) or "every promise was kept")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
