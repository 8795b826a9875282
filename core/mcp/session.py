"""One task for one server, from its first start to the studio's end; the only writer of its state.

    off ──start──► starting ──greeted, lists read──► ready ──lost, silent──► failed
     ▲                 │                               │                       │
     └──────stop───────┴───────────────stop────────────┘       after a while ──┴──► starting

    needs-sign-in: as failed, until a person signs in

Others never act on a state they read: they ring (`start`, `stop`, `restart`, `configure`), or wait
for `ready`. Each life of a server is a task of its own, in which the SDK's session is entered and
left; calls come from any task.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from core.mcp import failing, pace
from core.mcp.failing import McpFailure
from core.mcp.offer import NOTHING, Offer
from core.mcp.opening import Opened, Opening
from core.mcp.server import McpServer
from core.mcp.server_log import ServerLog
from core.mcp.views import ServerState
from events.facts import McpServerConnected, McpServerFailed, McpServerStopped
from events.facts.base import Fact

if TYPE_CHECKING:
    from mcp.client import Client

    from core.mcp.link import Link

log = logging.getLogger(__name__)

FAILED: tuple[ServerState, ...] = ("failed", "needs-sign-in")
START_S = 120.0  # until it answers: npx and uvx may have to download it first
PING_EVERY_S = 30.0
PING_S = 15.0
SILENCES = 2  # signs of life in a row that may be missed
SOON_S = 5.0  # a call waits for a server that is tried again so soon
RELIST_S = 300.0  # and at least that often
LIST_S = 60.0  # until they are told
REFRESH_S = 0.25  # lists are read again at most that often

Record = Callable[[str, Fact, str], None]  # a server's name, what happened, who asked


class Session:
    """A saved server, running or not."""

    def __init__(
        self,
        server: McpServer,
        *,
        opening: Opening,
        log: ServerLog,
        record: Record,
        changed: Callable[[], None],
    ) -> None:
        """`changed` is told of each change of what can be seen."""
        self.server = server
        self.log = log
        self.state: ServerState = "off"
        self.since = opening.clock.now()
        self.problem = ""
        self.next_action = ""
        self.offer: Offer = NOTHING
        self.pid: int | None = None
        self.ping_ms: float | None = None
        self.restarts = 0
        self._opening = opening
        self._record = record
        self._changed = changed
        self._wanted = self._closing = False
        self._anew = False  # what runs is not what is wanted: end it, and begin again
        self._why, self._actor = "asked to", "system"
        self._bell = asyncio.Event()  # rung by wishes
        self._news = asyncio.Event()  # rung by what comes from the server
        self._moved = asyncio.Event()  # replaced at each change of state
        self._link: Link | None = None
        self._stale = self._lost = self._was_ready = False
        self._failures = self._silences = self._busy = 0
        self._is_back_soon = False
        self._told = ""  # the failure that was recorded last

    # what others ask

    def start(self, *, actor: str = "system") -> None:
        """Have it run. One that failed is tried at once."""
        self._wanted, self._actor, self._failures = True, actor, 0
        self._anew = self._anew or self.state in FAILED
        self._is_wished()

    def stop(self, *, reason: str = "asked to", actor: str = "system") -> None:
        """Have it rest."""
        self._wanted, self._why, self._actor = False, reason, actor
        self._bell.set()

    def restart(self, *, actor: str = "system") -> None:
        """End it and begin again."""
        self._wanted, self._anew, self._actor, self._failures = True, True, actor, 0
        self._why = "to be started anew"
        self._is_wished()

    def configure(self, server: McpServer, *, anew: bool, actor: str) -> None:
        """It was saved; `anew`: what it is started with is another."""
        was, self.server = self.server, server
        if not server.enabled:
            self.stop(reason="switched off", actor=actor)
        elif anew or not was.enabled:
            self.restart(actor=actor)
        self._changed()

    def close(self, reason: str) -> None:
        """Have its task end; when it has, nothing of the server is left."""
        self._closing = True
        self.stop(reason=reason)

    async def ready(self) -> None:
        """Wait until it is ready. Raises McpFailure when it is off, or failed for longer."""
        while self.state != "ready":
            if self._closing or (self.state == "off" and not self._wanted):
                raise McpFailure(
                    "it is switched off", code="off", next_action="Start it on the page Tools."
                )
            if self.state in FAILED and not self._anew and not self._is_back_soon:
                raise McpFailure(self.problem, code=self.state, next_action=self.next_action)
            await self._moved.wait()

    @contextlib.contextmanager
    def asked(self) -> "Generator[Client]":
        """The SDK's client, for one call or question. Raises McpFailure when there is none."""
        if self._link is None:
            raise failing.lost()
        self._busy += 1
        try:
            yield self._link.client
        finally:
            self._busy -= 1

    def is_not_signed_in(self, failure: McpFailure) -> None:
        """A person tried to sign in there, and this came of it."""
        if self.state == "needs-sign-in":
            still = failing.needs_sign_in(failure.message, failure.next_action)
            self._say(still, still.next_action)
        self._changed()

    def is_lost(self) -> None:
        """Its connection carries nothing any more: from now on nobody is given it."""
        self._lost = True
        if self._link is not None:
            self._link = None
            self._become("starting")  # or whatever follows; who waits for it waits on
        self._news.set()

    def _is_wished(self) -> None:
        if (self.state in ("off", *FAILED) or self._anew) and not self._closing:
            self.problem = self.next_action = ""
            self._link = None
            self._become("starting")  # who asked sees at once that it was heard
        self._bell.set()

    # its task

    async def run(self) -> None:
        """Until `close`."""
        while True:
            if not self._wanted:
                self._become("off")
                if self._closing:
                    return
                await self._until(lambda: self._wanted or self._closing)
                continue
            self._anew = False
            failure = await self._live_until_asked()
            if failure is None:
                self.problem = self.next_action = ""
                self._happened(McpServerStopped(name=self.server.name, reason=self._why))
            else:
                await self._failed(failure)

    async def _live_until_asked(self) -> McpFailure | None:
        """One life; None: it was ended because somebody asked."""
        life = asyncio.create_task(self._live())
        asked = asyncio.create_task(self._until(lambda: not self._wanted or self._anew))
        await asyncio.wait((life, asked), return_when=asyncio.FIRST_COMPLETED)
        ends_by_wish = not life.done()
        for task in (life, asked):
            task.cancel()
        outcome, _ = await asyncio.gather(life, asked, return_exceptions=True)
        if ends_by_wish or not self._wanted or self._anew:
            return None
        if isinstance(outcome, McpFailure):
            return outcome
        log.error("a session with an MCP server ended oddly", exc_info=outcome)
        return failing.lost()

    async def _live(self) -> None:
        """Until it is cancelled. Raises McpFailure when it ends otherwise."""
        self._become("starting")
        self._lost = self._stale = self._was_ready = False
        self._silences = 0
        self._news.clear()
        self.log.add("studio", "is started")
        opened = await self._opening.opened(self.server, self.log, self.is_lost)
        self.pid = opened.pid
        words, failure = "", None
        try:
            await self._talk(opened)
        except TimeoutError:
            if not self._was_ready:
                failure = failing.too_slow(START_S, self.log.last(20))
        except Exception as error:  # whatever a foreign server makes the SDK raise
            first = _first(error)
            if isinstance(first, McpFailure):
                failure = first
            else:
                words = self.log.masked(_words(first))
        finally:
            self.is_lost()
            await opened.close()
            self.pid = self.ping_ms = None
        raise failure or opened.why(words, ready=self._was_ready)

    async def _talk(self, opened: Opened) -> None:
        linked = await asyncio.to_thread(_linked)
        clock, began = self._opening.clock, self._opening.clock.monotonic()
        async with asyncio.timeout(START_S) as limit:
            async with linked(
                opened.transport,
                mode="legacy" if self._failures % 2 else "auto",
                log=self.log,
                changed=self._is_stale,
            ) as link:
                self.offer = await link.offer()
                limit.reschedule(None)
                self._is_ready(link, clock.monotonic() - began)
                await self._attend(link)

    def _is_ready(self, link: "Link", seconds: float) -> None:
        self._link, self._told, self._was_ready = link, "", True
        self.problem = self.next_action = ""
        self._become("ready")
        self.log.add("studio", f"is ready: {self.offer.version}, {len(self.offer.tools)} tools")
        self._happened(
            McpServerConnected(
                name=self.server.name,
                fingerprint=self._opening.fingerprint(self.server.name),
                version=self.offer.version,
                tools=len(self.offer.tools),
                pid=self.pid,
                seconds=round(seconds, 3),
            )
        )

    async def _attend(self, link: "Link") -> None:
        """Read lists that changed, and see that it lives; until the connection is lost."""
        ears = asyncio.create_task(link.listen(self._is_stale))
        ears.add_done_callback(_forget)
        began = listed = self._opening.clock.monotonic()
        try:
            while not self._lost:
                try:
                    async with asyncio.timeout(PING_EVERY_S):
                        await self._news.wait()
                except TimeoutError:
                    await self._see_that_it_lives(link)
                    now = self._opening.clock.monotonic()
                    if now - began > pace.STEADY_S:
                        self._failures = 0
                    if now - listed < RELIST_S or self._silences:
                        continue
                    self._stale = True  # one may change its tools and say nothing
                self._news.clear()
                if self._stale and not self._lost:
                    await asyncio.sleep(REFRESH_S)  # a server may say it a thousand times
                    self._stale = False
                    if await self._relist(link):
                        listed = self._opening.clock.monotonic()
        finally:
            ears.cancel()

    async def _relist(self, link: "Link") -> bool:
        """Whether the lists came. Raises McpFailure when it tells them no more."""
        try:
            async with asyncio.timeout(LIST_S):
                before, self.offer = self.offer, await link.offer()
        except TimeoutError:
            if not self._busy:
                raise failing.silent(LIST_S) from None
            self._is_stale()  # some answer nothing else while they work
            return False
        if before != self.offer:
            self.log.add("studio", f"its lists changed: {len(self.offer.tools)} tools")
            self._changed()
        return True

    async def _see_that_it_lives(self, link: "Link") -> None:
        began = self._opening.clock.monotonic()
        try:
            async with asyncio.timeout(PING_S):
                alive = await link.ping()
        except TimeoutError:
            if self._busy:  # some answer nothing else while they work
                return
            self._silences += 1
            waited = self._silences * (PING_EVERY_S + PING_S)
            if self._silences >= SILENCES:
                raise failing.silent(waited) from None
            self.problem = f"it gave no sign of life for {PING_S:.0f} s"
        else:
            self._lost = self._lost or not alive
            self._silences, self.problem = 0, ""
            self.ping_ms = round((self._opening.clock.monotonic() - began) * 1000, 1)
        self._changed()

    async def _failed(self, failure: McpFailure) -> None:
        """Say so, and wait until it is tried again, or somebody asks."""
        self._failures += 1
        wait = pace.wait_s(self._failures, failure.code)
        self._is_back_soon = wait is not None and wait <= SOON_S
        if failure.code == failing.NEEDS_SIGN_IN:
            self._say(failure, failure.next_action)
            self._become("needs-sign-in")
        else:
            self._say(failure, pace.again(failure.next_action, wait).strip())
            self._become("failed")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._until(lambda: not self._wanted or self._anew)
                return
        self.restarts += 1

    def _say(self, failure: McpFailure, advice: str) -> None:
        self.problem, self.next_action = self.log.masked(failure.message), advice
        self.log.add("studio", f"failed: {self.problem}")
        if self.problem != self._told:  # the log is for ever: the same is told once
            self._told = self.problem
            self._happened(
                McpServerFailed(name=self.server.name, reason=self.problem, code=failure.code)
            )

    def _is_stale(self) -> None:
        self._stale = True
        self._news.set()

    def _become(self, state: ServerState) -> None:
        if state != self.state:
            self.state, self.since = state, self._opening.clock.now()
        if state != "ready":
            self.offer = NOTHING
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self._changed()

    def _happened(self, fact: Fact) -> None:
        self._record(self.server.name, fact, self._actor)
        self._actor = "system"

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._bell.clear()
            await self._bell.wait()


def _linked():  # type: ignore[no-untyped-def]  # noqa: ANN202 - its type is only known once imported
    """The SDK takes a second to import: not at the studio's start, and not in its loop."""
    from core.mcp.link import linked

    return linked


def _words(error: BaseException) -> str:
    from core.mcp.link import words_of

    return words_of(error)


def _first(error: BaseException) -> BaseException:
    """What the SDK's task groups wrap; ours, where it is among them."""
    leaves = [error]
    while any(isinstance(one, BaseExceptionGroup) for one in leaves):
        leaves = [
            leaf
            for one in leaves
            for leaf in (one.exceptions if isinstance(one, BaseExceptionGroup) else (one,))
        ]
    return next((one for one in leaves if isinstance(one, McpFailure)), leaves[0])


def _forget(task: "asyncio.Task[None]") -> None:
    """A server that can not be listened to is still one that can be asked."""
    if not task.cancelled() and (error := task.exception()):
        log.info("changes of an MCP server are not heard: %s", type(error).__name__)
