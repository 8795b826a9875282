"""Signs for the log, again and again: what it says now can not be unsaid later without notice.

One checkpoint, in this order:

1. size and root, read in one picture of what is on the disk
2. the note is signed and added to the file outside, and is on the disk
3. the fact `AuditCheckpointed` is appended to the main log

A crash before 2 leaves nothing; between 2 and 3 a note that holds, without a fact; never a note
that tells more than the log has. The month's book of requests goes first, so that the main log's
own checkpoint covers what was signed of it.
"""

import asyncio
import base64
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from core.auditing import key
from core.auditing.notes import NotesFolder
from core.clock import Clock
from core.errors import Unavailable
from core.secrets import Secrets
from core.settings import Settings
from events import reading
from events.audit.checkpoint import Checkpoint, origin_of, signed, signer_for
from events.audit.note import Signer, Verifier
from events.audit.tree import LogTree
from events.errors import EventError, LogDamaged, LogUnavailable
from events.facts import AuditCheckpointed, AuditKeyReplaced, ClockSteppedBack
from events.facts.base import Fact
from events.store import EventStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
AFTER_A_FAILURE_S = 60.0
CLOCK_MAY_DIFFER_US = 60 * 1_000_000
LOOKED_BACK = 50  # facts of the audit stream
STREAM = "audit"
MAIN = "main"


class Checkpointer:
    """`begin` once the log is open, `run` is its task, `close` the last act before the log's."""

    def __init__(
        self,
        *,
        store: EventStore,
        secrets: Secrets,
        settings: Callable[[], Settings],
        clock: Clock,
        notices: tuple[str, ...] = (),
    ) -> None:
        """`notices`: what was seen when the log was opened."""
        self._store = store
        self._secrets = secrets
        self._settings = settings
        self._clock = clock
        self._seen = list(notices)
        self._outside: str | None = None  # why the newest note is not outside
        self._seed: bytes | None = None
        self.covered = 0  # the newest event that is signed for, or is such a fact itself
        self._usage_size: dict[str, int] = {}  # by log id, as last signed for
        self._since = clock.monotonic()
        self._not_before = 0.0
        self._turn = asyncio.Lock()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of the log and its checkpoints, in sentences."""
        return (*self._seen, *([self._outside] if self._outside else ()))

    def signer(self, log_id: str) -> Signer:
        """Who signs for a log. Raises Unavailable before `begin`."""
        if self._seed is None:
            raise Unavailable("nothing is signed while the log can not be written")
        return signer_for(log_id, self._seed)

    def kept_in(self, log_id: str) -> str | None:
        """The file outside that has the newest notes of a log; None when none could be written."""
        path = NotesFolder(self._settings().checkpoints).path_of(log_id)
        return str(path) if self._outside is None and path.exists() else None

    def sign(self, told: Checkpoint) -> str:
        """Sign for any log of this studio; the note is kept outside, too. From any thread."""
        note = signed(told, self.signer(told.log_id))
        self._keep_outside(note)
        return note

    def verifiers(self, log_id: str) -> tuple[Verifier, ...]:
        """Who may have signed for a log, now or earlier."""
        with self._store.reading() as connection:
            return key.verifiers_for(log_id, key.recorded_keys(connection), self._seed)

    async def begin(self) -> None:
        """Tell of the clock and the key where there is something to tell; before anything else.

        Raises LogUnavailable when the log can not be written, or no key can be kept.
        """
        with self._store.reading() as connection:
            known = key.recorded_keys(connection)
        facts: list[Fact] = list(self._clock_facts())
        seed, of_key = self._key(known[-1] if known else None)
        if of_key is not None:
            facts.append(of_key)
        if isinstance(of_key, AuditKeyReplaced):
            self._notice(f"the key that signs checkpoints was replaced: {of_key.reason}")
        for fact in facts:
            stream = "app" if isinstance(fact, ClockSteppedBack) else STREAM
            await self._store.append(stream, [fact], actor="system")
        self.covered = self._last_covered()
        self._seed = seed

    def _key(self, recorded: str | None) -> tuple[bytes, key.KeyFact | None]:
        try:
            return key.settle(self._secrets, self._store.log_id, recorded)
        except OSError as error:
            raise LogUnavailable(f"no key to sign with can be kept: {error.strerror}") from error

    async def run(self) -> None:
        """Sign when it is time; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Sign for the log if it is time. A failure is said, and tried again a minute later."""
        if self._seed is None or self._store.problem is not None:
            return
        if self._clock.monotonic() < self._not_before:
            return
        try:
            reason = await self._reason()
            if reason is not None:
                await self.checkpoint(reason)
        except EventError as problem:
            self._not_before = self._clock.monotonic() + AFTER_A_FAILURE_S
            log.error("the log could not be signed for: %s", problem)

    async def checkpoint(self, reason: str, *, actor: str = "system") -> AuditCheckpointed:
        """Sign for the whole log as it is now; the fact holds the note.

        Raises EventError when the log can not be read or written, Unavailable before `begin`.
        A note that can not be kept outside is a notice and no failure: the fact holds it too.
        """
        async with self._turn:
            self._since = self._clock.monotonic()
            await self._checkpoint_usage(reason, actor)
            fact = await asyncio.to_thread(self._sign, self._store, MAIN, reason)
            recorded = await self._store.append(STREAM, [fact], actor=actor)
            self.covered = max(self.covered, recorded[-1].position)
            return fact

    async def close(self) -> None:
        """The last checkpoint; what goes wrong is logged."""
        if self._seed is None or self._store.problem is not None:
            return
        try:
            await self.checkpoint("shutdown")
        except EventError as problem:
            log.error("the log could not be signed for at the end: %s", problem)

    async def _checkpoint_usage(self, reason: str, actor: str) -> None:
        for path in self._usage_logs():
            try:
                fact = await asyncio.to_thread(self._sign_usage, path, reason)
            except EventError as problem:
                if path.exists():  # else it was sealed meanwhile, and its segment has a note
                    log.error("%s could not be signed for: %s", path.name, problem)
                continue
            if fact is not None:
                await self._store.append(STREAM, [fact], actor=actor)
                self._usage_size[fact.log_id] = fact.size

    def _usage_logs(self) -> list[Path]:
        """The newest two books that are open to requests: a month may just have ended."""
        return sorted(self._settings().home.glob("usage-????-??.db"))[-2:]

    def _sign_usage(self, path: Path, reason: str) -> AuditCheckpointed | None:
        book = EventStore.open(path, read_only=True)
        try:
            if self._usage_size.get(book.log_id) == book.head:
                return None
            return self._sign(book, path.stem, reason)
        finally:
            book.close()

    def _sign(self, store: EventStore, name: str, reason: str) -> AuditCheckpointed:
        try:
            with store.reading() as connection:
                tree = LogTree(connection)
                size = tree.size
                told = Checkpoint(origin_of(store.log_id), size, tree.root(0, size))
        except (KeyError, TypeError, ValueError, sqlite3.Error) as error:  # changed from outside
            raise LogDamaged(f"the hashes of {name} can not be used: {error}") from error
        return AuditCheckpointed(
            log=name,
            log_id=store.log_id,
            size=size,
            root=base64.b64encode(told.root).decode(),
            note=self.sign(told),
            reason=reason,
        )

    def _keep_outside(self, note: str) -> None:
        folder = self._settings().checkpoints
        try:
            NotesFolder(folder).append(note)
            self._outside = None
        except OSError as error:
            self._outside = (
                f"checkpoints can not be kept in {folder}: {error.strerror}; "
                "make it writable, or choose another with the setting checkpoints_folder"
            )
            log.error("%s", self._outside)

    async def _reason(self) -> str | None:
        """Why to sign now; None: not yet, or it would say nothing new."""
        settings = self._settings()
        new = self._store.head - self.covered
        if new >= settings.checkpoint_events:
            return "events"
        if self._clock.monotonic() - self._since < settings.checkpoint_minutes * 60:
            return None
        self._since = self._clock.monotonic()
        return "time" if new > 0 or await asyncio.to_thread(self._requests_came) else None

    def _requests_came(self) -> bool:
        return any(self._grown(path) for path in self._usage_logs())

    def _grown(self, path: Path) -> bool:
        book = EventStore.open(path, read_only=True)
        try:
            return self._usage_size.get(book.log_id) != book.head
        finally:
            book.close()

    def _clock_facts(self) -> list[ClockSteppedBack]:
        [newest] = self._store.read_all(newest_first=True, limit=1)
        behind = newest.recorded_at - self._clock.now()
        if behind <= CLOCK_MAY_DIFFER_US:
            return []
        fact = ClockSteppedBack(seconds=behind / 1e6, newest_at=newest.recorded_at)
        self._notice(
            f"the clock of this machine stands {fact.seconds:.0f} s before the newest event; "
            "the order of events is their number, not their time"
        )
        return [fact]

    def _last_covered(self) -> int:
        """As far as the run before signed, and what it signed of the books of requests.

        What stands further back counts as new: then the first checkpoint is early.
        """
        with self._store.reading() as connection:
            version = reading.stream_version(connection, STREAM)
            newest = reading.read_stream(connection, STREAM, version - LOOKED_BACK)
        covered = 0
        for recorded in newest:
            if isinstance(fact := recorded.event, AuditCheckpointed):
                if fact.log == MAIN:
                    covered = recorded.position
                else:
                    self._usage_size[fact.log_id] = fact.size
        return covered

    def _notice(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self._seen.append(sentence)
