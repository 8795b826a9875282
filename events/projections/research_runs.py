"""Which research was done, with which model, how far did it come; and which was erased?

What it was about is not here: the question is as the log holds it, sealed.
"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    ResearchAnswered,
    ResearchAskedBack,
    ResearchCompared,
    ResearchErased,
    ResearchErasureRequested,
    ResearchFailed,
    ResearchFinished,
    ResearchNoted,
    ResearchPageRead,
    ResearchPaused,
    ResearchPlanned,
    ResearchRequested,
    ResearchResumed,
    ResearchSectionWritten,
    ResearchStarted,
    ResearchStopped,
)

RESTING = ("paused", "stopped", "failed", "done")


class ResearchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run from outside. Times are µs since the epoch."""

    research_id: str
    started_at: int
    started_by: str
    last_at: int
    model: str
    state: str  # at work: what it does; else one of RESTING
    before: str  # what it did before it came to rest
    sources: int  # pages read
    notes: int
    question: bytes | None  # sealed
    erasing_at: int | None  # since then nobody is shown it
    erased_at: int | None  # since then nobody can read it
    erased_by: str | None

    @property
    def at_work(self) -> bool:
        """Whether the studio has to see to it."""
        return self.erasing_at is None and self.state not in RESTING


class ResearchRuns:
    """One row a run that was ever asked for."""

    name = "research_runs"
    version = 1
    tables = ("research_runs",)
    reads = (
        ResearchRequested,
        ResearchAskedBack,
        ResearchAnswered,
        ResearchPlanned,
        ResearchStarted,
        ResearchPageRead,
        ResearchNoted,
        ResearchCompared,
        ResearchSectionWritten,
        ResearchFinished,
        ResearchPaused,
        ResearchResumed,
        ResearchStopped,
        ResearchFailed,
        ResearchErasureRequested,
        ResearchErased,
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        table = db.table("research_runs")
        table.create(
            {
                "research_id": str,
                "started_at": int,
                "started_by": str,
                "last_at": int,
                "model": str,
                "state": str,
                "before": str,
                "sources": int,
                "notes": int,
                "question": bytes,
                "erasing_at": int,
                "erased_at": int,
                "erased_by": str,
            },
            pk="research_id",
            strict=True,
        )
        table.create_index(["last_at"])

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at, change = recorded.recorded_at, "update research_runs set last_at = ?, "
        match recorded.event:
            case ResearchRequested() as asked:
                state = "clarifying" if asked.clarify else "planning"
                connection.execute(
                    "insert or ignore into research_runs values"
                    " (?, ?, ?, ?, ?, ?, '', 0, 0, ?, null, null, null)",
                    (asked.research_id, at, recorded.actor, at, asked.model, state, asked.sealed),
                )
            case ResearchPageRead(research_id=which):
                _do(connection, f"{change}sources = sources + 1, state = 'reading'", at, which)
            case ResearchNoted(research_id=which, notes=notes):
                _do(connection, f"{change}notes = notes + ?", at, notes, which)
            case ResearchResumed(research_id=which, model=model):
                again = "state = iif(before = '', state, before), before = ''"
                _do(connection, f"{change}{again}", at, which)
                if model:
                    _do(connection, f"{change}model = ?", at, model, which)
            case ResearchErasureRequested(research_id=which):
                gone = "question = null, erasing_at = ?, erased_by = ?"
                _do(connection, f"{change}{gone}", at, at, recorded.actor, which)
            case ResearchErased(research_id=which):
                _do(connection, f"{change}erased_at = ?", at, at, which)
            case (
                ResearchPaused() | ResearchStopped() | ResearchFailed() | ResearchFinished() as end
            ):
                rests = "before = iif(before = '', state, before), state = ?"
                _do(connection, f"{change}{rests}", at, _STATES[type(end)], end.research_id)
            case event if state := _STATES.get(type(event), ""):
                _do(connection, f"{change}state = ?", at, state, event.research_id)  # type: ignore[union-attr]  # those in _STATES have one


_STATES: dict[type, str] = {
    ResearchAskedBack: "clarifying",
    ResearchAnswered: "planning",
    ResearchPlanned: "planned",
    ResearchStarted: "searching",
    ResearchCompared: "checking",
    ResearchSectionWritten: "writing",
    ResearchPaused: "paused",
    ResearchStopped: "stopped",
    ResearchFailed: "failed",
    ResearchFinished: "done",
}


def research_runs(connection: sqlite3.Connection) -> list[ResearchRow]:
    """List every run, also erased ones, the newest first."""
    return _rows(connection, " order by started_at desc, research_id desc")


def research_run(connection: sqlite3.Connection, research_id: str) -> ResearchRow | None:
    """One of them; None when it was never asked for."""
    found = _rows(connection, " where research_id = ?", research_id)
    return found[0] if found else None


def _do(connection: sqlite3.Connection, change: str, *values: int | str) -> None:
    connection.execute(f"{change} where research_id = ?", values)


def _rows(connection: sqlite3.Connection, rest: str, *values: str) -> list[ResearchRow]:
    fields = ResearchRow.__struct_fields__
    rows = connection.execute(f"select {', '.join(fields)} from research_runs{rest}", values)
    return [
        msgspec.convert(dict(zip(fields, row, strict=True)), ResearchRow, strict=False)
        for row in rows.fetchall()
    ]
