"""Every saved server with its session: started in the background, ended with the studio.

Nothing here delays the studio's start: servers begin when it answers, each in a task of its own.
A studio that only looks on starts none, and shows them as they are saved.
"""

import asyncio
import hashlib
import logging
import secrets as chance
from collections.abc import Callable
from functools import partial

import msgspec

from core.clock import Clock
from core.errors import NotFound
from core.mcp.book import McpBook
from core.mcp.child import sweep
from core.mcp.desk import stream_of
from core.mcp.kept import Kept
from core.mcp.opening import Opening
from core.mcp.server import McpServer
from core.mcp.server_log import ServerLog
from core.mcp.session import Session
from core.mcp.views import McpServerView
from core.secrets import Secrets
from events.errors import EventError
from events.facts.base import Fact
from events.store import EventStore

log = logging.getLogger(__name__)

NONCE_KEY = "mcp-nonce"


class Servers:
    """The sessions, by name. Loop-bound."""

    def __init__(
        self,
        *,
        store: EventStore,
        book: McpBook,
        secrets: Secrets,
        opening: Opening,
        kept: Kept,
        clock: Clock,
    ) -> None:
        self._store = store
        self._book = book
        self._secrets = secrets
        self._opening = opening
        self._kept = kept
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._logs: dict[str, ServerLog] = {}
        self._facts: asyncio.Queue[tuple[str, Fact, str]] = asyncio.Queue()
        self._listeners: list[Callable[[], None]] = []
        self._runs = self._writes = False

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back in the loop when something can be seen that was not there before."""
        self._listeners.append(callback)

    # looking

    def view(self, name: str) -> McpServerView:
        """One server, and how it is. Raises NotFound."""
        server = self._book.server(name)
        if server is None:
            raise _unknown(name)
        session = self._sessions.get(name)
        signed_in = self._kept.of(server) is not None
        return _view(server, session, self._clock.now(), signed_in=signed_in)

    def views(self) -> tuple[McpServerView, ...]:
        """All of them, by name."""
        return tuple(self.view(server.name) for server in self._book.servers())

    def session(self, name: str) -> Session | None:
        """Its session, while there is one."""
        return self._sessions.get(name)

    def log_of(self, name: str) -> ServerLog:
        """What it wrote since the studio started. Raises NotFound."""
        if self._book.server(name) is None:
            raise _unknown(name)
        return self._log(name)

    # wishes

    def there(self, name: str) -> Session:
        """Its session. Raises NotFound."""
        session = self._sessions.get(name)
        if session is None:
            raise _unknown(name)
        return session

    def saved(self, name: str, anew: bool, actor: str) -> None:
        """A server was saved or removed: have its session follow."""
        if not self._runs:
            return
        server, session = self._book.server(name), self._sessions.get(name)
        if server is None:
            self._let_go(name, actor)
        elif session is None:
            self._begin(server, actor)
        else:
            session.configure(server, anew=anew, actor=actor)

    def record(self, name: str, fact: Fact, actor: str) -> None:
        """Something happened to a server: it is written down in turn."""
        self._facts.put_nowait((name, fact, actor))

    # its life

    async def run(self) -> None:
        """Start what is enabled, and write down what happens; until cancelled."""
        self._runs = True
        await self._sweep(self._book.servers())
        for server in self._book.servers():
            if server.name not in self._sessions:
                self._begin(server, "system")
        self._writes = True
        try:
            while True:
                name, fact, actor = await self._facts.get()
                try:
                    await self._write(name, fact, actor)
                finally:
                    self._facts.task_done()
        finally:
            self._writes = False

    async def close(self, reason: str = "vLLM Studio stops") -> None:
        """Return when no server of ours runs, and all of it is written down."""
        self._runs = False
        for session in self._sessions.values():
            session.close(reason)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._writes:
            await self._facts.join()
        while not self._facts.empty():
            await self._write(*self._facts.get_nowait())

    def nonce(self, name: str) -> str:
        """What proves that a program was started for this server by this home, at one start."""
        return f"{self._stem(name)}{chance.token_hex(4)}"

    def _stem(self, name: str) -> str:
        """With what the nonces of a server begin, at every start."""
        secret = self._secrets.ensure(NONCE_KEY)
        return f"mcp-{hashlib.sha256(f'{secret} {name}'.encode()).hexdigest()[:32]}-"

    def _begin(self, server: McpServer, actor: str) -> None:
        session = Session(
            server,
            opening=self._opening,
            log=self._log(server.name),
            record=self.record,
            changed=self._tell,
        )
        self._sessions[server.name] = session
        task = asyncio.create_task(session.run(), name=f"mcp-{server.name}")
        task.add_done_callback(partial(self._ended, server.name))
        self._tasks[server.name] = task
        if server.enabled:
            session.start(actor=actor)

    def _let_go(self, name: str, actor: str) -> None:
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close("removed")
            self._tasks[f"{name} {id(session)}"] = self._tasks.pop(name)
        if (written := self._logs.pop(name, None)) is not None:
            written.end()
        self._tell()

    def _ended(self, name: str, task: "asyncio.Task[None]") -> None:
        for key in [key for key, one in self._tasks.items() if one is task]:
            del self._tasks[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the task of the MCP server %s died", name, exc_info=error)

    def _log(self, name: str) -> ServerLog:
        if name not in self._logs:
            self._logs[name] = ServerLog(clock=self._clock, mask=self._secrets.mask)
        return self._logs[name]

    async def _sweep(self, saved: tuple[McpServer, ...]) -> None:
        """End what an earlier run of ours, that was killed, could not."""
        try:
            for server in saved:
                if left := await sweep(self._stem(server.name)):
                    log.warning("%d processes of the MCP server %s were left", left, server.name)
        except OSError as problem:
            log.error("what an earlier run left of MCP servers is not known: %s", problem)

    async def _write(self, name: str, fact: Fact, actor: str) -> None:
        try:
            await self._store.append(stream_of(name), [fact], actor=actor)
        except EventError as problem:
            log.error("what happened to the MCP server %s is written later: %s", name, problem)
            self._store.append_later(stream_of(name), fact, actor=actor)

    def _tell(self) -> None:
        for callback in self._listeners:
            callback()


def _unknown(name: str) -> NotFound:
    return NotFound(
        f"there is no MCP server {name!r:.80}",
        code="mcp-server-not-found",
        next_action="`vllm-studio mcp list` shows what there is",
    )


def _view(
    server: McpServer, session: Session | None, now: int, *, signed_in: bool
) -> McpServerView:
    saved = msgspec.structs.asdict(server)
    saved["env"], saved["headers"] = tuple(server.env), tuple(server.headers)
    if session is None:
        return McpServerView(**saved, state="off", since=now, signed_in=signed_in)
    return McpServerView(
        **saved,
        state=session.state,
        since=session.since,
        problem=session.problem,
        next_action=session.next_action,
        version=session.offer.version,
        tools=len(session.offer.tools),
        resources=len(session.offer.resources),
        prompts=len(session.offer.prompts),
        restarts=session.restarts,
        pid=session.pid,
        ping_ms=session.ping_ms,
        signed_in=signed_in,
    )
