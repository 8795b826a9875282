"""A data directory as a studio leaves it: logs, signed checkpoints in them and outside."""

import base64
import contextlib
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from events.audit import checkpoint
from events.audit.checkpoint import Checkpoint, origin_of, signer_for
from events.audit.claims import Claim, Report
from events.audit.tree import LogTree
from events.audit.verify import Wanted, books_in, verify
from events.facts import AuditCheckpointed, AuditKeyMade, RequestFinished
from events.projections import ALL, USAGE
from events.store import EventStore
from tests.events.conftest import START, append_story
from tests.events.stories import a_day

SEED = b"\7" * 32
MONTH = "usage-2026-11"


def request(number: int) -> RequestFinished:
    """One record of a month."""
    return RequestFinished(
        request_id=f"r{number}", path="/v1/chat/completions", model="qwen", recipe_id="qwen",
        engine_id="e0", actor="key:laptop", lane="direct", outcome="ok", status=200, stream=False,
        prompt_tokens=10, completion_tokens=number, ttft_ms=1.5, duration_ms=20.25,
    )  # fmt: skip


class AuditedHome:
    """The logs in a folder, and what is kept of them elsewhere."""

    def __init__(self, folder: Path, seed: bytes = SEED) -> None:
        self.folder = folder
        self.seed = seed
        self.main = folder / "main.db"
        self.month = folder / f"{MONTH}.db"
        self.notes: list[str] = []  # outside
        self._now = START

    def begin(self) -> None:
        """The key is made known."""
        with self.store() as main:
            key = str(signer_for(main.log_id, self.seed).verifier)
            main.append_now("audit", [AuditKeyMade(verifier_key=key)], actor="system")

    def live(self, days: int = 1, requests: int = 40) -> None:
        """Something happens, and is not signed for yet."""
        with self.store() as main:
            for _ in range(days):
                append_story(main, a_day())
        with self.store(self.month) as month:
            facts = [request(n) for n in range(requests)]
            month.append_now("usage-2026-11-20", facts, actor="key:laptop")

    def sign(self, reason: str = "time", into: EventStore | None = None) -> None:
        """A checkpoint of each log, as a studio makes it: outside first, then in the main log.

        `into` is the main log where that is open already.
        """
        with contextlib.nullcontext(into) if into else self.store() as main:
            for log, path in ((MONTH, self.month), ("main", self.main)):
                fact = self._signed(log, path, reason)
                self.notes.append(fact.note)
                main.append_now("audit", [fact], actor="system")

    def wanted(self, **changes: object) -> Wanted:
        """All of it, against all that is known."""
        wanted = Wanted(
            main=str(self.main),
            books=books_in(self.folder),
            notes=tuple(self.notes),
            keys=(self.key,),
            deep=True,
        )
        return msgspec.structs.replace(wanted, **changes)

    def verify(self, **changes: object) -> Report:
        """Verify it."""
        return verify(self.wanted(**changes))

    @property
    def key(self) -> str:
        """The verifier key, as somebody noted it."""
        return str(signer_for("noted", self.seed).verifier)

    def store(self, path: Path | None = None) -> "_Open":
        """Open a log for a while."""
        return _Open(path or self.main, self._tick)

    def change(self, *statements: str, path: Path | None = None) -> None:
        """Run SQL on a log as a stranger, who leaves the triggers as they were."""
        with unguarded(path or self.main) as connection:
            for statement in statements:
                connection.execute(statement)

    def _tick(self) -> int:
        self._now += 1_000_000
        return self._now

    def _signed(self, log: str, path: Path, reason: str) -> AuditCheckpointed:
        book = EventStore.open(path, read_only=True)
        try:
            with book.reading() as connection:
                tree = LogTree(connection)
                told = Checkpoint(origin_of(book.log_id), tree.size, tree.root(0, tree.size))
            return AuditCheckpointed(
                log=log,
                log_id=book.log_id,
                size=told.size,
                root=base64.b64encode(told.root).decode(),
                note=checkpoint.signed(told, signer_for(book.log_id, self.seed)),
                reason=reason,
            )
        finally:
            book.close()


@contextlib.contextmanager
def unguarded(path: Path) -> Iterator[sqlite3.Connection]:
    """A log whose triggers are taken away, and put back afterwards as they were."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        triggers = connection.execute(
            "select name, sql from sqlite_master where type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
    finally:
        connection.close()


class _Open:
    """A store for the length of a block."""

    def __init__(self, path: Path, now: object) -> None:
        projections = ALL if path.name == "main.db" else USAGE
        self._store = EventStore.open(path, projections=projections, now=now)  # type: ignore[arg-type]

    def __enter__(self) -> EventStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def audited_home(folder: Path, *, seed: bytes = SEED, days: int = 3) -> AuditedHome:
    """A home that has lived and was signed for, and has lived on a little since."""
    home = AuditedHome(folder, seed)
    home.begin()
    for _ in range(days):
        home.live(days=2, requests=100)
        home.sign()
    home.live()
    return home


def copied(home: AuditedHome, folder: Path) -> AuditedHome:
    """The same home in another folder, to be changed: a life takes longer than its copy."""
    shutil.copytree(home.folder, folder, dirs_exist_ok=True)
    copy = AuditedHome(folder, home.seed)
    copy.notes, copy._now = list(home.notes), home._now
    return copy


def bad(claims: Iterable[Claim]) -> list[tuple[str, str, int | None]]:
    """What was disproved: log, name, first bad position."""
    return [(c.log, c.name, c.position) for c in claims if c.verdict == "disproved"]
