"""A server at a URL: nothing is started, nothing has to be ended."""

from contextlib import AbstractAsyncContextManager

from mcp.client._transport import TransportStreams

from core.mcp import failing
from core.mcp.bearer import Bearer
from core.mcp.failing import McpFailure
from core.mcp.over_http import Seen, over_http


class Address:
    """See `core.mcp.opening.Opened`."""

    pid: int | None = None

    def __init__(self, url: str, headers: dict[str, str], bearer: Bearer | None) -> None:
        """`bearer` says who asks where no header does."""
        self._seen = Seen()
        self._bearer = bearer
        self._transport = over_http(url, headers, self._seen, bearer)

    @property
    def transport(self) -> AbstractAsyncContextManager[TransportStreams]:
        """See `core.mcp.opening.Opened`."""
        return self._transport

    async def close(self) -> None:
        """The transport was left; there is nothing else."""
        if self._bearer is not None:
            await self._bearer.close()

    def why(self, words: str, *, ready: bool) -> McpFailure:
        """The status says more than the SDK does, and a sign-in that is missing more than that."""
        if self._bearer is not None and self._bearer.failure is not None:
            return self._bearer.failure
        if ready and (self._seen.status or 0) < 400:
            return failing.lost()
        return failing.unreachable(self._seen.status, words)
