"""Load that is held for a while, and what must be true when it has gone.

1. Every request is in three books, once in each, and they agree on how it ended: the clients',
   the engine's and the studio's.
2. Tasks and open files are as many as before, but for idle connections to the engine.
3. Memory of the studio's own did not grow while the load was held.

Of the third: what is mapped from files (the program, SQLite's index of its write-ahead files) is
the system's to take back and is not counted. What is bounded and still filling is no leak: before
the time begins, quick requests fill the log writer's page cache (`filled`), and the first fifth of
the time brings as many connections as there will be. What still grows then, grows with requests.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import msgspec
import psutil

from core.gateway.upstream import MAX_IDLE
from events.connections import CACHE_MIB
from events.facts import RequestFinished
from events.store import EventStore
from tests.benchmarks.contenders import MODEL, Contender
from tests.benchmarks.programs import Load, Shape, load
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

SPARE = 8  # tasks and files that come and go by themselves
SPARE_FILES = SPARE + MAX_IDLE  # how many connections are idle is chance
SETTLED_S = 60.0
FULL_MIB = 1.5 * CACHE_MIB  # of a log that was written in one go: its writer's page cache is full
QUICK = Shape(clients=16, seconds=5.0, body=200)
GROWING = 0.6  # of the time: from the middle of its second fifth to the middle of the last
MIB = 2**20
LATE_S = 4.0  # a record may wait for its counts; one that is written twice shows by then
TASKS = re.compile(r"^vllm_studio_asyncio_tasks (\S+)$", re.MULTILINE)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What the studio's process holds at one time."""

    rss_mib: float
    own_mib: float  # of that: not mapped from files
    pages_mib: float  # of that: what SQLite may hold of the logs that are written, at most
    litellm_mib: float  # of another process; 0: it does not run
    files: int  # sockets included
    tasks: int


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Requests so far, as the engine and the studio counted them."""

    reached: int  # the engine
    whole: int
    cut: int
    written: int  # facts in the usage log
    outcomes: dict[str, int]  # of distinct requests
    tokens: int  # of those that ended well

    def since(self, before: "Books") -> "Books":
        """What came after."""
        names = ("reached", "whole", "cut", "written", "tokens")
        numbers = {name: getattr(self, name) - getattr(before, name) for name in names}
        outcomes = Counter(self.outcomes)
        outcomes.subtract(before.outcomes)
        return Books(**numbers, outcomes={name: n for name, n in outcomes.items() if n})


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A load that was held, and what was seen before, during and after."""

    shape: Shape
    load: Load
    books: Books
    before: Moment
    during: tuple[Moment, ...]
    after: Moment

    @property
    def grown_mib(self) -> float:
        """Memory of its own."""
        early, late = self._early_and_late()
        return median(m.own_mib for m in late) - median(m.own_mib for m in early)

    @property
    def litellm_grown_mib(self) -> float:
        """LiteLLM's, over the same time."""
        early, late = self._early_and_late()
        return median(m.litellm_mib for m in late) - median(m.litellm_mib for m in early)

    @property
    def grown_per_request(self) -> float:
        """Bytes: what grew, by the requests that came in the meantime."""
        return self.grown_mib * MIB / max(1.0, GROWING * self.load.all.sent)

    def _early_and_late(self) -> tuple[tuple[Moment, ...], tuple[Moment, ...]]:
        """The second fifth of the time and the last: the first is for warming up."""
        fifth = max(1, len(self.during) // 5)
        late = self.during[-fifth:]
        return self.during[fifth : 2 * fifth] or late, late

    def broken_promises(self, *, growth_mib: float, buffered: bool = False) -> list[str]:
        """Every invariant that does not hold, as a sentence.

        `buffered`: somebody between engine and client holds answers, so a client may leave an
        answer that its engine has finished.
        """
        told, books = self.load.all, self.books
        outcomes = Counter(books.outcomes)
        late = books.whole - told.whole if buffered else 0
        wrong = [
            _unequal("reached the engine, whole or cut", books.reached, books.whole + books.cut),
            "" if 0 <= late <= told.left else f"finished for clients that left: {late:,}",
            _unequal("requests sent, reached the engine", told.sent, books.reached),
            _unequal("requests sent, written down", told.sent, books.written),
            _unequal("requests sent, written down once", told.sent, sum(outcomes.values())),
            _unequal("answers whole at the client, at the engine", told.whole, books.whole - late),
            _unequal("answers whole at the client, `ok`", told.whole, outcomes["ok"]),
            _unequal("clients that left, cut at the engine", told.left, books.cut + late),
            _unequal("clients that left, `client_gone`", told.left, outcomes["client_gone"]),
            _unequal("tokens of whole answers", told.whole * self.shape.tokens, books.tokens),
            _unequal("refused or broken, none", told.refused + told.broken, 0),
            _unequal("without an end, none", told.unfinished + told.unsent, 0),
            _more("tasks", self.after.tasks, self.before.tasks + SPARE),
            _more("open files", self.after.files, self.before.files + SPARE_FILES),
            _more("MiB of its own grown", self.grown_mib, growth_mib),
        ]
        return [sentence for sentence in wrong if sentence]


def _unequal(what: str, first: float, second: float) -> str:
    return "" if first == second else f"{what}: {first:,g} and {second:,g}"


def _more(what: str, measured: float, most: float) -> str:
    return "" if measured <= most else f"{what}: {measured:,.1f}, at most {most:,.1f}"


# ---- holding it ---------------------------------------------------------------------------------


def hold(
    server: StudioServer,
    engine: int,
    contender: Contender,
    shape: Shape,
    *,
    fill: Contender | None = None,
) -> Held:
    """Warm up, look, hold the load, let it go, and look again. `engine`: upstream.c's port.

    `fill`: by whom quick requests come first, until bounded caches are full.
    """
    if fill is not None:
        filled(server, fill)
    warm = msgspec.structs.replace(shape, seconds=shape.tokens / shape.rate)
    load(contender.port, warm, model=MODEL, headers=contender.headers)
    books = settled(server, engine)
    before = moment(server)
    with Watcher(server, every_s=max(0.5, shape.seconds / 100)) as watcher:
        told = load(contender.port, shape, model=MODEL, headers=contender.headers)
    quiet(server, before)
    settled(server, engine)
    time.sleep(LATE_S)
    return Held(
        shape=shape,
        load=told,
        books=read_books(server.home, engine).since(books),
        before=before,
        during=tuple(watcher.moments),
        after=moment(server),
    )


def filled(server: StudioServer, contender: Contender) -> None:
    """Quick requests, until the usage log's writer holds as many pages as it ever will."""
    while _mib(*server.home.glob("usage-*.db")) < FULL_MIB:
        load(contender.port, QUICK, model=MODEL, headers=contender.headers)


class Watcher:
    """Looks at the studio from a thread, while the load is held."""

    def __init__(self, server: StudioServer, *, every_s: float) -> None:
        self._server = server
        self._every_s = every_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher")
        self.moments: list[Moment] = []

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._every_s):
            self.moments.append(moment(self._server))


def moment(server: StudioServer) -> Moment:
    """How it is now."""
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    found = TASKS.search(httpx.get(f"{server.url}/metrics", headers=server.owner()).text)
    memory = process.memory_info()
    return Moment(
        rss_mib=memory.rss / MIB,
        own_mib=(memory.rss - memory.shared) / MIB,
        pages_mib=sum(min(CACHE_MIB, _mib(log)) for log in server.home.glob("*.db")),
        litellm_mib=sum(map(_litellm_mib, process.children(recursive=True))),
        files=process.num_fds(),
        tasks=round(float(found[1])) if found else -1,
    )


def _mib(*files: Path) -> float:
    return sum(file.stat().st_size for file in files) / MIB


def _litellm_mib(process: psutil.Process) -> float:
    try:
        ours = any("litellm" in word for word in process.cmdline())
        return process.memory_info().rss / MIB if ours else 0.0
    except psutil.NoSuchProcess:
        return 0.0


def quiet(server: StudioServer, before: Moment) -> None:
    """Until tasks and files are as few as before, or for so long that they will not be."""

    def as_before() -> bool:
        now = moment(server)
        return now.tasks <= before.tasks + SPARE and now.files <= before.files + SPARE_FILES

    with suppress(AssertionError):
        eventually(as_before, within=SETTLED_S, what="tasks and files as before", every=0.5)


# ---- the books ----------------------------------------------------------------------------------


def settled(server: StudioServer, engine: int) -> Books:
    """The books, when nothing is under way and what was asked is written, or it never will be."""

    def balanced() -> bool:
        books = read_books(server.home, engine)
        idle = server.status()["in_flight"] == 0
        return idle and books.written >= books.reached == books.whole + books.cut

    with suppress(AssertionError):  # the comparison will say it in numbers
        eventually(balanced, within=SETTLED_S, what="the books balance", every=0.5)
    return read_books(server.home, engine)


def read_books(home: Path, engine: int) -> Books:
    """What the engine and the studio's log tell now."""
    told: dict[str, Any] = httpx.get(f"http://127.0.0.1:{engine}/_bench/counts").json()
    outcomes: dict[str, str] = {}
    written = tokens = 0
    for fact in facts(home):
        written += 1
        outcomes[fact.request_id] = fact.outcome
        tokens += (fact.completion_tokens or 0) if fact.outcome == "ok" else 0
    return Books(
        reached=told["requests"],
        whole=told["whole"],
        cut=told["cut"],
        written=written,
        outcomes=dict(Counter(outcomes.values())),
        tokens=tokens,
    )


def facts(home: Path) -> Iterator[RequestFinished]:
    """Every request to the model of the benchmarks that is written down."""
    for log in sorted(home.glob("usage-*.db")):
        store = EventStore.open(log, read_only=True)
        try:
            after = 0
            while page := store.read_all(after, 10_000):
                after = page[-1].position
                for recorded in page:
                    fact = recorded.event
                    if isinstance(fact, RequestFinished) and fact.model == MODEL:
                        yield fact
        finally:
            store.close()
