"""The task that keeps a PostgreSQL database equal to the logs, and says so when it can not.

    connect ──► tables ──► each log, from the place that the database has ──► wait ─┐
       ▲                         ▲                                                 │
       │                         └─────────────────────────────────────────────────┘
       └── wait, longer each time ◄── anything that fails, in any of these

Nobody waits for it: it reads the logs beside their writers, a page at a time, and the database is
never asked on behalf of a request. What is not there yet is there later, for the logs forget
nothing; a studio that stops leaves the rest to its next start.
"""

import asyncio
import logging
import platform
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from core.clock import Clock
from core.errors import Invalid, Refused, StudioError
from core.mirror.address import Address, address_of
from core.mirror.sources import Place, Source, Sources
from core.secrets import Secrets
from core.settings import Paths
from core.version import studio_version
from events.errors import EventError
from events.store import EventStore

if TYPE_CHECKING:
    from core.mirror.database import Database  # its driver is loaded when there is a database

log = logging.getLogger(__name__)

PAGE = 500  # facts a transaction: the loop is busy with one for a millisecond
STRIDE = 10_000  # events without anything to mirror, after which the place is written down
IDLE_S = 1.0  # between two looks at logs that held nothing new
PAUSE_S = 0.01  # between two pages, for everybody else
CONNECT_S = 5.0
FIRST_S, LONGEST_S = 0.5, 30.0  # between two attempts at a database that is away

State = Literal["off", "wrong", "connecting", "catching up", "following", "away"]


class MirrorView(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/mirror."""

    state: State
    where: str | None = None  # the database, without its password
    behind: int | None = None  # events not mirrored yet; None: the database has not told yet
    mirrored: int = 0  # facts written since the start
    last_written_at: int | None = None  # µs since the epoch
    problem: str | None = None
    next_action: str | None = None
    problem_since: int | None = None  # µs since the epoch


class Mirror:
    """Owns the connection. `run` is its task and never ends by itself."""

    def __init__(
        self,
        *,
        url: str | None,
        store: EventStore,
        paths: Paths,
        secrets: Secrets,
        clock: Clock,
        page: int = PAGE,
        idle_s: float = IDLE_S,
        first_s: float = FIRST_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        """`url` is the setting `database_url`; without one nothing is ever done."""
        self._sources = Sources(store=store, paths=paths)
        self._secrets = secrets
        self._clock = clock
        self._page = page
        self._idle_s = idle_s
        self._first_s = first_s
        self._connect_s = connect_s
        self._host = platform.node() or "unknown"
        self._places: dict[str, Place] = {}  # as they stand in the database
        self._seen: dict[str, int] = {}  # how far there is nothing to mirror after those
        self._listeners: list[Callable[[], None]] = []
        self._failure: StudioError | None = None
        self._failed_at: int | None = None
        self._failures = 0  # in a row
        self._told: str | None = None
        self._connected = False
        self._mirrored = 0
        self._written_at: int | None = None
        self._left: dict[str, int] = {}
        self._address = self._taken(url)

    @property
    def problem(self) -> str | None:
        """Why nothing, or not everything, is mirrored now, as a sentence; None: all is well."""
        if self._failure is not None:
            return f"Usage is not mirrored to PostgreSQL: {self._masked(self._failure.message)}"
        if (unread := self._sources.problem) is not None:
            return f"Not all usage is mirrored to PostgreSQL: {unread}"
        return None

    @property
    def behind(self) -> int | None:
        """Events that are not in the database yet; None while it has not told how far it is."""
        return sum(self._left.values()) if self._connected else None

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop when a problem begins, changes or ends."""
        self._listeners.append(callback)

    def view(self) -> MirrorView:
        """How it goes, for people."""
        failure = self._failure
        return MirrorView(
            state=self._state(),
            where=self._address.where if self._address else None,
            behind=self.behind,
            mirrored=self._mirrored,
            last_written_at=self._written_at,
            problem=self.problem,
            next_action=self._masked(failure.next_action) if failure else None,
            problem_since=self._failed_at,
        )

    async def run(self) -> None:
        """Follow until cancelled. Nothing that happens to a mirror ends a studio."""
        if self._address is None:
            self._tell()
            await asyncio.Event().wait()
            return
        while True:
            try:
                await self._follow(self._address)
            except Exception as error:
                self._fail(error, self._address)
            await asyncio.to_thread(self._count)
            wait = min(LONGEST_S, self._first_s * 2 ** min(self._failures, 10))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    # ---- following ------------------------------------------------------------------------------

    async def _follow(self, address: Address) -> None:
        from core.mirror.database import Database

        origin = self._sources.origin
        database = await Database.open(
            address, origin=origin, host=self._host, connect_s=self._connect_s
        )
        try:
            await database.prepare(studio_version())
            self._places.clear()
            self._sources.look_again()
            await self._find_places(database)
            await asyncio.to_thread(self._count)
            self._connected = True
            while True:
                await self._look(database)
                self._recovered()
                await asyncio.sleep(self._idle_s)
        finally:
            database.end()

    async def _look(self, database: "Database") -> None:
        """Every log to its end."""
        for source in await self._find_places(database):
            more = True
            while more:
                more = await self._one_page(database, source)
                await asyncio.sleep(PAUSE_S)
            await asyncio.to_thread(self._sources.reached_end, source)

    async def _find_places(self, database: "Database") -> list[Source]:
        sources = await asyncio.to_thread(self._sources.current)
        for source in sources:
            if source.log not in self._places:
                self._places[source.log] = await self._place(database, source)
        return sources

    async def _one_page(self, database: "Database", source: Source) -> bool:
        """Whether there is more."""
        before = self._places[source.log]
        start = max(before.position, self._seen.get(source.log, 0))
        page = await asyncio.to_thread(self._sources.page, source, start, self._page)
        self._left[source.log] = page.head - start
        after = Place(position=page.position, event=page.event)
        if page.lines or page.position - before.position >= STRIDE:
            await database.write(source, before, page.lines, after)
            self._places[source.log] = after
            self._mirrored += len(page.lines)
            self._written_at = self._clock.now()
        self._seen[source.log] = page.position
        self._left[source.log] = page.head - page.position
        return page.position < page.head

    async def _place(self, database: "Database", source: Source) -> Place:
        """Where to go on: behind what the database has, if that is what this log holds."""
        self._seen.pop(source.log, None)
        known = await database.place(source.log)
        if known is None:
            return await database.begin(source)
        place, host = known
        here = await asyncio.to_thread(self._sources.event_at, source, place.position)
        if here == place.event:
            return place
        if host != self._host:
            raise Refused(
                f"{source.name} went on at {host}, differently from here: "
                "this data directory, or that one, is a copy",
                code="database-contended",
                next_action="To mirror this one from its beginning: delete from"
                f" vllm_studio.mirror_progress where log = '{source.log}';",
            )
        log.warning("%s was put back from a copy; it is mirrored from its beginning", source.name)
        return await database.begin(source)

    def _count(self) -> None:
        """How much waits, also while the database is away; blocks."""
        if not self._places:
            return
        try:
            for source in self._sources.current():
                place = self._places.get(source.log, Place())
                start = max(place.position, self._seen.get(source.log, 0))
                self._left[source.log] = self._sources.page(source, start, 1).head - start
        except EventError as error:
            log.warning("what is to be mirrored can not be counted: %s", error)

    # ---- what people are told -------------------------------------------------------------------

    def _taken(self, url: str | None) -> Address | None:
        """The address, its password masked from now on; a wrong one is a problem until restart."""
        if not url:
            return None
        self._secrets.remember(url)
        try:
            address = address_of(url)
        except Invalid as wrong:
            self._failure, self._failed_at = wrong, self._clock.now()
            return None
        for password in address.passwords:
            self._secrets.remember(password)
        return address

    def _state(self) -> State:
        if self._address is None:
            return "wrong" if self._failure else "off"
        if self._failure is not None:
            return "away"
        if not self._connected:
            return "connecting"
        return "catching up" if self.behind else "following"

    def _fail(self, error: Exception, address: Address) -> None:
        from core.mirror.problems import FAILURES, meaning_of

        match error:
            case StudioError():
                failure = error
            case EventError():
                failure = Refused(f"the log can not be read: {error}")
            case _ if isinstance(error, FAILURES):
                failure = meaning_of(error, address)
            case _:  # a mistake of ours: the requests go on
                log.exception("the mirror failed")
                failure = Refused(f"it failed with {type(error).__name__}: see the log app.log")
        self._failure = failure
        self._failures += 1
        if self._failed_at is None:
            self._failed_at = self._clock.now()
        self._tell()

    def _recovered(self) -> None:
        self._failures = 0
        self._failure = self._failed_at = None
        self._tell()

    def _masked(self, text: str) -> str:
        return self._secrets.mask(text)

    def _tell(self) -> None:
        """In the log and to who listens, when it is another problem than before, or none."""
        if self._told == self.problem:
            return
        self._told = self.problem
        if self._told is None:
            log.info("all usage is mirrored to PostgreSQL again")
        else:
            log.warning("%s", self._told)
        for callback in self._listeners:
            callback()
