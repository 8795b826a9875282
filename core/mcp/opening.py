"""What stands between a saved server and a session with it: its program, or its address.

`Opened` is closed in every case, by whoever opened it: then no process of it is left.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.clock import Clock
from core.mcp import failing
from core.mcp.book import McpBook
from core.mcp.child import StdioChild
from core.mcp.failing import McpFailure
from core.mcp.kept import Kept
from core.mcp.server import McpServer, filled
from core.mcp.server_log import ServerLog
from core.mcp.surroundings import environment, program

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

LAST_WORDS_S = 1.0  # for a program that is gone to be buried, and for what it wrote last


class Opened(Protocol):
    """A way to a server that can be talked over."""

    pid: int | None

    @property
    def transport(self) -> "AbstractAsyncContextManager[TransportStreams]":
        """Entered once, in the task that owns the session."""
        ...

    async def close(self) -> None:
        """Nothing of it is left when this returns."""
        ...

    def why(self, words: str, *, ready: bool) -> McpFailure:
        """Why the session is over, asked after `close`; `words` are the SDK's."""
        ...


class Opening:
    """Opens servers as they are saved."""

    def __init__(
        self,
        *,
        book: McpBook,
        clock: Clock,
        folder: Path,
        nonce: Callable[[str], str],
        kept: Kept,
        host: Mapping[str, str] = os.environ,
    ) -> None:
        """`folder`: where programs run that name no other; `nonce`: what proves them ours;
        `kept`: what people's sign-ins gave.
        """
        self.clock = clock
        self.fingerprint = book.fingerprint
        self.nonce = nonce
        self._book = book
        self._folder = folder
        self._kept = kept
        self._host = host

    async def opened(self, server: McpServer, log: ServerLog, lost: Callable[[], None]) -> Opened:
        """Start it, or be ready to ask it. Raises McpFailure."""
        values = self._book.values(server)
        for name in (*server.env, *server.headers):
            if name not in values:
                raise McpFailure(
                    f"{name} has no value on this machine",
                    code="no-value",
                    next_action="Give it again on the page Tools.",
                )
        if server.transport == "http":
            from core.mcp.address import Address
            from core.mcp.bearer import Bearer

            url, headers = filled(server.url, values), headers_of(server, values)
            signs_in = not server.says_who_asks
            return Address(
                url, headers, Bearer(server, url, self._kept, lost) if signs_in else None
            )
        env = environment(self._host, {name: values[name] for name in server.env})
        cwd = self._cwd(server)
        argv = [program(server.command, env, cwd), *(filled(one, values) for one in server.args)]
        child = await StdioChild.launch(argv, env=env, cwd=cwd, nonce=self.nonce(server.name))
        return Program(child, log, lost)

    def _cwd(self, server: McpServer) -> Path:
        if not server.cwd:
            folder = self._folder / server.name
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return folder
        folder = Path(server.cwd).expanduser()
        if not folder.is_dir():
            raise McpFailure(
                f"there is no folder {folder}",
                code="no-folder",
                next_action="Make it, or choose another as cwd.",
            )
        return folder


def headers_of(server: McpServer, values: dict[str, str]) -> dict[str, str]:
    """With their values in them."""
    return {name: filled(values[name], values) for name in server.headers}


class Program:
    """A stdio server."""

    def __init__(self, child: StdioChild, log: ServerLog, lost: Callable[[], None]) -> None:
        from core.mcp.stdio import listen, over_pipes

        self.pid: int | None = child.pid
        self._child = child
        self._log = log
        self._tell = lost
        self._over = False  # nothing comes through any more
        self._ended = False  # and the program has ended, by itself
        self._code: int | None = None
        self._transport = over_pipes(child, log, self._is_over)
        self._ears = asyncio.create_task(listen(child, log))
        self._watch = asyncio.create_task(self._until_it_ends())

    @property
    def transport(self) -> "AbstractAsyncContextManager[TransportStreams]":
        """See `Opened.transport`."""
        return self._transport

    async def close(self) -> None:
        """See `Opened.close`."""
        if self._over:
            await asyncio.wait((self._watch,), timeout=LAST_WORDS_S)
        self._watch.cancel()
        await self._child.end()
        await asyncio.wait((self._ears,), timeout=LAST_WORDS_S)
        self._ears.cancel()
        await asyncio.gather(self._ears, self._watch, return_exceptions=True)

    def why(self, words: str, *, ready: bool) -> McpFailure:
        """See `Opened.why`."""
        if self._ended:
            return failing.ended(self._code, self._log.last(20), ready=ready)
        return failing.lost() if ready else failing.refused(words)

    def _is_over(self) -> None:
        self._over = True
        self._tell()

    async def _until_it_ends(self) -> None:
        self._code = await self._child.wait()
        self._ended = True
        self._is_over()
