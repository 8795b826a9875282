"""The studio's own way into LiteLLM: the questions that only our plugin answers."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from core.clock import Clock
from core.gateway.errors import UpstreamLost
from core.gateway.litellm_config import HOST
from core.gateway.upstream import Upstream, ask, request_head
from core.gateway.usage_ledger import UsageReport

WHOAMI_S = 10.0
ROUTING_S = 15.0


class WhoAmI(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway process says about itself to somebody with the master key."""

    nonce: str
    plugin: str  # fingerprint of the plugin's source
    litellm: str
    database: bool = False  # it runs in its own database mode


class Door:
    """One LiteLLM on one port."""

    def __init__(self, *, master_key: str, clock: Clock) -> None:
        self._headers = ((b"authorization", b"Bearer " + master_key.encode()),)
        self._clock = clock

    async def whoami(self, port: int, *, timeout_s: float = WHOAMI_S) -> WhoAmI | None:
        """None: nobody answers there who knows the master key. A stranger never learns it twice."""
        try:
            status, answer = await self._ask("GET", port, "/_studio/whoami", timeout_s=timeout_s)
            return msgspec.json.decode(answer, type=WhoAmI) if status == 200 else None
        except (UpstreamLost, msgspec.MsgspecError):
            return None

    async def put_routing(self, port: int, routing: Mapping[str, Any]) -> None:
        """Replace the routing; it is in force on return. Raises UpstreamLost."""
        status, answer = await self._ask(
            "PUT", port, "/_studio/routing", timeout_s=ROUTING_S, body=routing
        )
        if status != 200:
            told = answer.decode("utf-8", "replace")[:300]
            raise UpstreamLost(f"the gateway refused its routing ({status}): {told}")

    async def usage(self, port: int) -> AsyncIterator[UsageReport]:
        """Reports as they come, until the connection ends. Raises UpstreamLost."""
        upstream = Upstream(clock=self._clock)
        head = request_head(b"GET", b"/_studio/usage", HOST, port, self._headers, 0)
        connection = await upstream.request(HOST, port, head, b"")
        try:
            if connection.status != 200:
                raise UpstreamLost(f"the gateway tells no usage ({connection.status})")
            rest = b""
            while piece := await connection.read():
                *lines, rest = (rest + piece).split(b"\n")
                for line in filter(None, lines):
                    with contextlib.suppress(msgspec.MsgspecError):
                        yield msgspec.json.decode(line, type=UsageReport)
        finally:
            connection.abort()

    async def _ask(
        self, method: str, port: int, path: str, *, timeout_s: float, body: object = None
    ) -> tuple[int, bytes]:
        """On a connection of its own: these are rare, and a pool would hold a dead one's."""
        upstream = Upstream(clock=self._clock)
        try:
            return await ask(
                upstream,
                method,
                HOST,
                port,
                path,
                headers=self._headers,
                timeout_s=timeout_s,
                body=body,
            )
        finally:
            upstream.close()
