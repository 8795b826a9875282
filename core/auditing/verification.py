"""Verifying every log while the studio runs: a child does the hashing, the result is a fact.

A million lines take six seconds of one core. In this process the hot path would feel each of them,
so `python -m events.audit` does it, politely, and tells how far it has got.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from core.auditing.key import read_seed
from core.auditing.notes import NotesFolder, notes_in, rest_of
from core.clock import Clock
from core.errors import Refused, Unavailable
from core.secrets import Secrets
from core.settings import Settings
from events.audit.__main__ import Done, Progress, Told
from events.audit.checkpoint import signer_for
from events.audit.claims import LogReport, Report, first_bad
from events.audit.verify import Wanted, books_in
from events.errors import EventError
from events.facts import AuditVerificationFailed, AuditVerified
from events.store import EventStore

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "events.audit")
LONGEST_LINE = 64 * 2**20  # bytes of a report
STREAM = "audit"


class VerificationView(msgspec.Struct, frozen=True, kw_only=True):
    """The verification that runs now, or the last of this run of the studio."""

    state: Literal["never", "running", "done", "failed"]
    started_at: int | None = None  # µs since the epoch
    progress: Progress | None = None
    holds: bool | None = None  # nothing was disproved
    report: Report | None = None
    problem: str | None = None  # why it came to no end


class Verification:
    """One at a time; belongs to the studio's loop."""

    def __init__(
        self,
        *,
        store: EventStore,
        secrets: Secrets,
        settings: Callable[[], Settings],
        clock: Clock,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._settings = settings
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self.view = VerificationView(state="never")

    def begin(
        self, *, actor: str, deep: bool = False, vouched: tuple[str, ...] = ()
    ) -> VerificationView:
        """Start one. Raises Refused while another runs."""
        if self.view.state == "running":
            raise Refused("the log is being verified already", code="already-running")
        self.view = VerificationView(state="running", started_at=self._clock.now())
        self._task = asyncio.ensure_future(self._run(actor, deep, vouched))
        return self.view

    async def finished(self) -> VerificationView:
        """Wait for the one that runs."""
        if self._task is not None:
            await self._task
        return self.view

    async def close(self) -> None:
        """End the one that runs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, actor: str, deep: bool, vouched: tuple[str, ...]) -> None:
        try:
            wanted = await asyncio.to_thread(
                wanted_of, self._settings(), self._secrets, deep=deep, vouched=vouched
            )
            report = await self._verified(wanted)
        except (OSError, ValueError, Unavailable) as error:
            log.error("the log could not be verified: %s", type(error).__name__)
            self._now("failed", problem=f"it came to no end: {error}")
            return
        await self._record(report, actor)
        self._now("done", report=report, holds=report.holds)

    async def _verified(self, wanted: Wanted) -> Report:
        child = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(msgspec.json.encode(wanted))
            child.stdin.write_eof()
            async for line in child.stdout:
                match msgspec.json.decode(line, type=Told):
                    case Progress() as progress:
                        self.view = msgspec.structs.replace(self.view, progress=progress)
                    case Done(report=report):
                        return report
        finally:
            if child.returncode is None:
                child.kill()
            await child.wait()
        raise Unavailable(f"the verification ended with {child.returncode} and said nothing")

    def _now(self, state: Literal["done", "failed"], **found: object) -> None:
        self.view = msgspec.structs.replace(self.view, state=state, progress=None, **found)

    async def _record(self, report: Report, actor: str) -> None:
        """What was found of each log is a fact; a log that can not be written takes none."""
        try:
            facts = [fact_of(one) for one in report.logs if is_found(one)]
            await self._store.append(STREAM, facts, actor=actor)
        except EventError as problem:
            log.error("what a verification found could not be recorded: %s", problem)


def wanted_of(
    settings: Settings, secrets: Secrets, *, deep: bool = False, vouched: tuple[str, ...] = ()
) -> Wanted:
    """Every log of a home against what is kept outside and the key at hand.

    Notes are read first: logs can only be longer than they say.
    """
    notes = tuple(outside_notes(settings.checkpoints))
    seed = read_seed(secrets)
    return Wanted(
        main=str(settings.paths.main_db),
        books=books_in(settings.paths.home),
        notes=notes,
        vouched=vouched,
        keys=() if seed is None else (str(signer_for("studio", seed).verifier),),
        deep=deep,
    )


def outside_notes(folder: Path) -> list[str]:
    """Every note of every log, and what else is between them, which may have been one."""
    notes = NotesFolder(folder)
    found: list[str] = []
    for log_id in notes.log_ids():
        text = notes.path_of(log_id).read_text(encoding="utf-8", errors="replace")
        found += notes_in(text)
        rest = rest_of(text)
        found += [rest] * bool(rest.strip())
    return found


def is_found(report: LogReport) -> bool:
    """Whether anything was found of a log; of one whose requests were erased nothing can be."""
    return any(claim.verdict in ("proved", "disproved") for claim in report.claims)


def fact_of(report: LogReport) -> AuditVerified | AuditVerificationFailed:
    """What the main log is told of one log."""
    bad = first_bad(report.claims)
    if bad is not None:
        return AuditVerificationFailed(log=report.log, position=bad.position, reason=bad.sentence)
    return AuditVerified(
        log=report.log,
        size=report.size,
        root=report.root,
        claims=sum(claim.verdict == "proved" for claim in report.claims),
        seconds=round(report.seconds, 3),
    )
