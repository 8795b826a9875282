"""The client that talks to LiteLLM and to engines: small, pooled, and quick to let go.

Idle connections are thrown away before the other side would close them, because a request sent
into a closing connection is lost. Should that happen all the same, it is sent once more on a
fresh connection, but only when not a byte of an answer had come.
"""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from core.clock import Clock
from core.gateway.connection import Connection
from core.gateway.errors import UpstreamLost
from core.gateway.pulse import Pulse
from core.gateway.routes import Header

IDLE_S = 30.0  # LiteLLM is started with a keep-alive of 75 s (core/gateway/litellm_config.py)
ENGINE_IDLE_S = 4.0  # vLLM and SGLang keep an idle connection for 5 s
MAX_IDLE = 64  # connections kept for each (host, port)
CONNECT_S = 5.0
SPARE_S = 0.5  # a connection that is announced is still there when it is wanted, a moment later


class Upstream:
    """Connections by (host, port). Loop-bound."""

    def __init__(
        self,
        *,
        clock: Clock,
        idle_s: float = IDLE_S,
        max_idle: int = MAX_IDLE,
        called: str = "the gateway",
        pulse: Pulse | None = None,
    ) -> None:
        """`called`: how sentences for people name the other side; `pulse` beats when it moves."""
        self._clock = clock
        self._called = called
        self._pulse = pulse
        self._idle_s = idle_s
        self._max_idle = max_idle
        self._idle: dict[tuple[str, int], list[tuple[float, Connection]]] = {}

    async def request(self, host: str, port: int, head: bytes, body: bytes) -> Connection:
        """Send and return when the headers are there. Give the connection to `done` afterwards.

        Raises UpstreamLost; `unsent` on it tells that the request can not have reached anybody.
        """
        pooled = self._pooled(host, port)
        if pooled is not None:
            try:
                return await self._exchange(pooled, head, body)
            except UpstreamLost:
                if pooled.answered:
                    raise
            fresh = await self._connected(host, port, unsent=False)
        else:
            fresh = await self._connected(host, port, unsent=True)
        return await self._exchange(fresh, head, body)

    def has_idle(self, host: str, port: int) -> bool:
        """Whether `at_once` would find a connection."""
        idle = self._idle.get((host, port))
        if not idle:
            return False
        since, newest = idle[-1]
        return newest.alive and since >= self._clock.monotonic() - self._idle_s + SPARE_S

    def at_once(
        self, host: str, port: int, head: bytes, body: bytes, told: Callable[[], None]
    ) -> Connection:
        """Send on a connection that is there, and let `told` hear of all news of it.

        Raises UpstreamLost when there is none.
        """
        pooled = self._pooled(host, port)
        if pooled is None:
            raise UpstreamLost(f"no connection to {self._called} is there", unsent=True)
        pooled.tell(told)
        pooled.send(head, body)
        return pooled

    def forget(self, host: str, port: int) -> None:
        """Close the idle connections to this one: another of them was found dead."""
        for _, connection in self._idle.pop((host, port), ()):
            connection.abort()

    def done(self, connection: Connection) -> None:
        """Keep it for the next request when that is safe, otherwise close it at once."""
        connection.tell(None)
        if not connection.reusable:
            connection.abort()
            return
        now = self._clock.monotonic()
        idle = self._idle.get(connection.peer)
        if idle is None:
            idle = self._idle[connection.peer] = []
        idle.append((now, connection))
        oldest = now - self._idle_s
        while idle[0][0] < oldest or len(idle) > self._max_idle:
            idle.pop(0)[1].abort()

    def close(self) -> None:
        """Close every idle connection."""
        for idle in self._idle.values():
            for _, connection in idle:
                connection.abort()
        self._idle.clear()

    def _pooled(self, host: str, port: int) -> Connection | None:
        idle = self._idle.get((host, port), [])
        oldest = self._clock.monotonic() - self._idle_s
        while idle:
            since, connection = idle.pop()
            if connection.alive and since >= oldest:
                return connection
            connection.abort()
        return None

    async def _connected(self, host: str, port: int, *, unsent: bool) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await loop.create_connection(
                    lambda: Connection((host, port), called=self._called, pulse=self._pulse),
                    host,
                    port,
                )
        except (OSError, TimeoutError) as error:
            raise UpstreamLost(
                f"{self._called} does not answer on port {port}: {error or 'timed out'}",
                code="gateway_down",
                unsent=unsent,
            ) from None
        return connection

    async def _exchange(self, connection: Connection, head: bytes, body: bytes) -> Connection:
        try:
            connection.send(head, body)
            await connection.begun()
        except BaseException:  # also when the request is cancelled: nobody will read the answer
            connection.abort()
            raise
        return connection


def request_head(
    method: bytes, target: bytes, host: str, port: int, headers: Iterable[Header], length: int
) -> bytes:
    """The bytes before the body."""
    lines = request_lines(method, target, host, port, headers)
    return b"%b\r\ncontent-length: %d\r\n\r\n" % (lines, length)


def request_lines(
    method: bytes, target: bytes, host: str, port: int, headers: Iterable[Header]
) -> bytes:
    """The lines of a head, but for the length and the end of the last one."""
    first = b"%b %b HTTP/1.1\r\nhost: %b:%d" % (method, target, host.encode(), port)
    return b"\r\n".join((first, *(b"%b: %b" % header for header in headers)))


async def ask(
    upstream: Upstream,
    method: str,
    host: str,
    port: int,
    target: str,
    *,
    headers: Iterable[Header],
    timeout_s: float,
    body: object = None,
) -> tuple[int, bytes]:
    """A small question of our own: status and whole answer. Raises UpstreamLost."""
    data = b"" if body is None else msgspec.json.encode(body)
    told = [*headers, (b"content-type", b"application/json"), (b"accept", b"application/json")]
    head = request_head(method.encode(), target.encode(), host, port, told, len(data))
    try:
        async with asyncio.timeout(timeout_s):
            connection = await upstream.request(host, port, head, data)
            try:
                answer = b""
                while piece := await connection.read():
                    answer += piece
            finally:
                upstream.done(connection)
    except TimeoutError:
        raise UpstreamLost(f"no answer to {target} within {timeout_s:.0f} s") from None
    return connection.status, answer
