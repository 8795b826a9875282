"""A copy of a home, to be changed by `attacks.py`, and what its attacker can ask of it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from core.auditing.notes import NotesFolder
from events.audit.checkpoint import origin_of
from tests.events.audited import AuditedHome


class Victim:
    """A copy of a home, to be changed."""

    def __init__(self, folder: Path, olds: Path, chance: Random) -> None:
        self.home = AuditedHome(folder)
        self.folder = folder
        self.olds = olds  # what was copied away earlier, by round
        self.chance = chance
        self.key = self.home.key  # as the verifier knows it

    @property
    def notes(self) -> Path:
        """Where notes are kept outside."""
        return self.folder / "checkpoints"

    def log(self) -> Path:
        """One of the two logs."""
        return self.chance.choice((self.home.main, self.home.month))

    def position(self, path: Path) -> int:
        """Any place in a log."""
        return self.chance.randint(1, self.size(path))

    def size(self, path: Path) -> int:
        """How many lines a log has."""
        return int(self.asked(path, "select max(position) from events")[0][0])

    def signed(self, path: Path) -> int:
        """For how many of them the newest note outside stands."""
        ours = {note.split("\n")[0]: int(note.split("\n")[1]) for note in self.all_notes()}
        return ours[origin_of(self.log_id(path))]

    def all_notes(self) -> list[str]:
        """What is kept outside, the newest of each log last."""
        return NotesFolder(self.notes).notes()

    def log_id(self, path: Path) -> str:
        """From its first line."""
        return str(self.asked(path, "select data ->> '$.log_id' from events limit 1")[0][0])

    def asked(self, path: Path, question: str) -> list[tuple[Any, ...]]:
        """A query."""
        connection = sqlite3.connect(path)
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    def change(self, path: Path, *statements: str) -> None:
        """SQL, with the triggers taken away and put back."""
        self.home.change(*statements, path=path)


class Attack(NamedTuple):
    """A kind of change."""

    name: str
    access: str  # files | files and key | files, key and notes | notes | key file
    do: Callable[[Victim], str]
    beyond: str = ""  # why some of it may be outside of what a verification claims
