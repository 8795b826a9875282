"""A thousand random tamperings, and what a verification says of each.

    python -m tests.benchmarks.tamperings [--rounds 1000] [--seed 1] [--only WORD]

A home with a main log (tiles, checkpoints, a write-ahead file as a kill leaves it), a month of
requests and notes outside is copied, changed, and verified. Every change must be

    detected   a claim is disproved, or a note is named as no longer whole
    harmless   every answer is what it was: the lines, the tree, the read models after an opening
    outside    what is proved is still true: it is beyond the newest note outside, or the attacker
               had the key and the notes, which the claims `cut off` and `rewritten` say

and ends with 1 when one is none of these.
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec
from rich.console import Console
from rich.table import Table

from core.auditing.notes import NotesFolder
from core.auditing.verification import outside_notes
from events.audit.claims import Report
from events.audit.merkle import TILE
from events.audit.verify import verify
from events.errors import EventError
from events.facts import AppStarted
from events.projections import ALL, USAGE
from events.replay import dump
from events.store import EventStore
from tests.benchmarks.attacks import ATTACKS
from tests.benchmarks.victim import Attack, Victim
from tests.events.audited import AuditedHome, request
from tests.events.conftest import append_story
from tests.events.stories import a_day

OUTCOMES = ("detected", "harmless", "outside", "undetected")

Answers = Mapping[str, object]


class Trial(msgspec.Struct, frozen=True):
    """One change and what became of it."""

    kind: str
    said: str
    outcome: str
    by: str  # the claim that found it


class Ground:
    """The home that is copied, and what it answers."""

    def __init__(self, folder: Path, *, rounds: int = 3, days: int = 4) -> None:
        self.folder, self.olds = folder / "home", folder / "olds"
        self.home = home = AuditedHome(self.folder)
        home.begin()
        for number in range(rounds):
            home.live(days=days, requests=150)
            home.sign()
            shutil.copytree(self.folder, self.olds / str(number))
        self._live_on()
        notes = NotesFolder(self.folder / "checkpoints")
        for note in home.notes:
            notes.append(note)
        look = self.victim(folder / "look", 0)
        self.signed = {path.name: look.signed(path) for path in (look.home.main, look.home.month)}
        shutil.copytree(self.folder, folder / "asked")
        self.answers = answers(AuditedHome(folder / "asked"))
        self.lines = lines_of(AuditedHome(folder / "asked"))

    def _live_on(self) -> None:
        """Go on, sign, go on, and be killed: what came last is in the write-ahead file alone."""
        home = self.home
        with home.store(home.month) as month:
            facts = [request(number) for number in range(30)]
            month.append_now("usage-2026-11-20", facts, actor="key:laptop")
        with home.store() as main:
            append_story(main, a_day())
            home.sign(into=main)
            append_story(main, a_day(3))
            with tempfile.TemporaryDirectory() as scratch:
                left = [home.main, home.main.with_name("main.db-wal")]
                for path in left:
                    shutil.copy(path, scratch)
                main.close()
                for path in left:
                    shutil.copy(Path(scratch) / path.name, path)
        with home.store(home.month) as month:
            month.append_now("usage-2026-11-20", [request(n) for n in range(30)], actor="api")

    def victim(self, folder: Path, seed: int) -> Victim:
        """A copy."""
        shutil.copytree(self.folder, folder)
        return Victim(folder, self.olds, Random(seed))


def lines_of(home: AuditedHome) -> dict[str, list[bytes]]:
    """Every line of both logs, as it is read."""
    found = {}
    for path in (home.main, home.month):
        store = EventStore.open(path, read_only=True)
        try:
            told = store.read_all(limit=10**6)
        finally:
            store.close()
        found[path.name] = [msgspec.json.encode(one) for one in told]
    return found


def answers(home: AuditedHome) -> Answers:
    """Everything that can be asked of a home, after it was opened and has gone on."""
    found: dict[str, object] = {}
    for path, projections in ((home.main, ALL), (home.month, USAGE)):
        store = EventStore.open(path, projections=projections, now=lambda: 1_800_000_000_000_000)
        try:
            store.append_now("app", [AppStarted(version="1", pid=1)], actor="system")
            with store.reading() as connection:
                [(size,)] = connection.execute("select size from log_frontier").fetchall()
                tiles = connection.execute("select * from log_tiles order by 1, 2").fetchall()
                read = dict(dump(connection, projections))
            told = [msgspec.json.encode(one) for one in store.read_all(limit=10**6)[:-1]]
            tiles = [t for t in tiles if (t[1] + 1) * TILE ** (t[0] + 1) < size]  # without ours
            found[path.name] = (told, size, tiles, read, store.broken_projections)
        finally:
            store.close()
    return found


def judged(ground: Ground, attack: Attack, victim: Victim) -> Trial:
    """Change the copy, verify it, and say what became of it."""
    said = attack.do(victim)
    report = verify(
        victim.home.wanted(notes=tuple(outside_notes(victim.notes)), keys=(victim.key,))
    )
    if by := found_by(report):
        return Trial(attack.name, said, "detected", by)
    if is_harmless(ground, victim):
        return Trial(attack.name, said, "harmless", "")
    if attack.beyond and still_true(ground, victim, attack):
        return Trial(attack.name, said, "outside", "")
    return Trial(attack.name, said, "undetected", "")


def found_by(report: Report) -> str:
    """The claims that are not so; a note that is no longer whole is named too."""
    named = [
        claim.name
        for claim in report.claims
        if claim.verdict == "disproved" or claim.name == "notes outside"
    ]
    return ", ".join(dict.fromkeys(named))


def is_harmless(ground: Ground, victim: Victim) -> bool:
    """Opened and gone on with, it answers as the original does."""
    try:
        return answers(victim.home) == ground.answers
    except (EventError, OSError, ValueError, sqlite3.Error):
        return False


def still_true(ground: Ground, victim: Victim, attack: Attack) -> bool:
    """What a holding report has proved: the lines up to the newest note outside are the ones that
    were written. Only who has key and notes may have changed these."""
    if attack.access == "files, key and notes":
        return True
    try:
        there = lines_of(victim.home)
    except (EventError, OSError, ValueError, sqlite3.Error):
        return False
    return all(there[log][:size] == ground.lines[log][:size] for log, size in ground.signed.items())


def tamper(rounds: int, seed: int, attacks: Sequence[Attack] = ATTACKS) -> list[Trial]:
    """Every kind in turn, so many changes in all."""
    with tempfile.TemporaryDirectory() as scratch:
        ground = Ground(Path(scratch))
        trials = []
        for number in range(rounds):
            folder = Path(scratch) / "copy"
            victim = ground.victim(folder, seed * 1_000_003 + number)
            trials.append(judged(ground, attacks[number % len(attacks)], victim))
            shutil.rmtree(folder)
        return trials


def table_of(trials: Sequence[Trial]) -> Table:
    """Kinds and outcomes."""
    table = Table("what was done", "access", *OUTCOMES, "found by (most often first)")
    for attack in ATTACKS:
        own = [trial for trial in trials if trial.kind == attack.name]
        if own:
            counts = Counter(trial.outcome for trial in own)
            by = Counter(name for trial in own for name in trial.by.split(", ") if name)
            shown = ", ".join(f"{name} {count}" for name, count in by.most_common(4))
            numbers = [str(counts[outcome] or "") for outcome in OUTCOMES]
            table.add_row(attack.name, attack.access, *numbers, shown)
    total = Counter(trial.outcome for trial in trials)
    table.add_section()
    table.add_row("together", "", *(str(total[outcome]) for outcome in OUTCOMES), "")
    return table


def main() -> int:
    """Run and print; 1 when something was not detected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    begun = time.monotonic()
    attacks = [attack for attack in ATTACKS if chosen.only in attack.name]
    trials = tamper(chosen.rounds, chosen.seed, attacks)
    console = Console(width=160)
    console.print(table_of(trials))
    console.print(f"{len(trials)} in {time.monotonic() - begun:.0f} s, seed {chosen.seed}")
    missed = [trial for trial in trials if trial.outcome == "undetected"]
    for trial in missed:
        console.print(f"UNDETECTED {trial.kind}: {trial.said}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
