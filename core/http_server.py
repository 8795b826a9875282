"""The HTTP server: uvicorn with httptools, bound before anything else is started."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Generator

import uvicorn

from core.api.guard import ASGIApp
from core.errors import Refused
from core.gateway.websocket_handshake import MAX_MESSAGE
from core.http_protocol import StudioProtocol
from core.settings import Settings

CLOSE_WITHIN_S = 1  # how long open streams may linger when we stop
KEEP_ALIVE_S = 75  # longer than clients keep theirs, so that they close first
BACKLOG = 2048


class Quiet(uvicorn.Server):
    """Leaves signals to us, for we also run in a thread beside the tray, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Install nothing."""
        yield


def bind(settings: Settings) -> socket.socket:
    """Take the port that the settings name; for 0, a free one.

    Raises Refused, with what to do, when it can not be had.
    """
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said to be TCP, or asyncio leaves Nagle's algorithm on: each answer on a kept connection then
    # waits 40 ms for the client's delayed acknowledgement of its headers.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise no_place(error, host, port) from None
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


def no_place(error: OSError, host: str, port: int) -> Refused:
    """Why we can not listen there, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return Refused(
            f"port {port} is in use by another program",
            code="port-taken",
            next_action="end that program, or set VLLM_STUDIO_PORT to a free port",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused(
            f"the system does not let you listen on port {port}",
            code="port-forbidden",
            next_action="set VLLM_STUDIO_PORT to a port from 1024 on",
        )
    return Refused(
        f"{host!r} is no address that this machine can listen on: {error.strerror}",
        code="host-unusable",
        next_action="set VLLM_STUDIO_HOST to an address of this machine, or leave it away",
    )


class HttpServer:
    """The application behind a listening socket."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app,
            http=StudioProtocol,
            proxy_headers=False,  # nothing here depends on what a proxy says of its client
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=CLOSE_WITHIN_S,
            server_header=False,
            date_header=False,
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE,
            ws_per_message_deflate=False,  # engines do not compress towards us either
        )
        self._server = Quiet(config)
        self._ended = asyncio.Event()

    async def run(self, listening: socket.socket) -> None:
        """Serve until `stop`."""
        try:
            await self._server.serve(sockets=[listening])
        finally:
            self._ended.set()

    async def answering(self) -> None:
        """Return when requests are accepted."""
        await self._server.up.wait()

    async def stop(self) -> None:
        """Accept nothing more, give open streams a second, return when they are closed."""
        self._server.should_exit = True
        await self._ended.wait()
